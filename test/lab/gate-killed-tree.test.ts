import { lstatSync, readdirSync } from 'node:fs';
import { chmod, link, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { recordTree } from '../ssh/support/tree-record.ts';
import { dyingTree } from '../support/dying-tree.ts';

/*
 * The gate is killed before each change that its own program makes to a tree: by turns the program alone, as by lack of memory, both
 * at once, as when the machine loses power, and the gate alone. Whatever that was, the next run is sealed after a comparison of everything.
 */

let secondary: GateSecondary;
let primary: Primary;
const at = (...names: string[]) => join(primary.source, ...names);
const order = () => join(secondary.gate.hostState, 'die');

beforeAll(async () => {
  secondary = await startGateSecondary();
  await secondary.amend({ gate: { min_free_space: '1MiB', min_free_inodes: 100, attempts_per_day: 1000 } });
  const { sshd, bundle, config } = secondary.gate;
  const shim = join(sshd.directory, 'dying-tree.cjs');
  await writeFile(
    shim,
    `const childProcess = require('node:child_process');
const { spawn } = childProcess;
const before = ${JSON.stringify(dyingTree(order()))};
childProcess.spawn = (file, args, ...rest) =>
  spawn(file, args.includes('python3') ? args.map((word, index) => (args[index - 1] === '-c' ? before + word : word)) : args, ...rest);
require('node:module').syncBuiltinESMExports();
`,
  );
  await sshd.authorize(`${process.execPath} --require ${shim} ${bundle} --config ${config} web1`);
  primary = await makePrimary(secondary, 'db');
  await primary.configure({ target: { secondary: 'gate' }, job: { guard: { max_shrink: 'off' } } });
  await mkdir(at('d/e'), { recursive: true });
  for (const name of ['a', 'd/b', 'd/e/c', 'd/e/f', 'x', 'crowded-1', 'crowded-2', 'd/new-0'])
    await writeFile(at(name), `content of ${name}\n`);
  await chmod(at('d/b'), 0o640);
  await link(at('x'), at('d/x2'));
  for (const name of ['d/plain', 'd/e/plain']) await link(at('crowded-1'), at(name));
  for (const name of ['d/crowded-3', 'crowded-4']) await link(at('crowded-2'), at(name));
  await link(at('x'), at('d/crowded-y0'));
  await symlink('a', at('link'));
  await primary.secure();
}, 60_000);
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

let changes = 0;
/** Something is new, something is gone, and a file has another name instead of one that it had. */
async function changeSource(): Promise<void> {
  const last = changes;
  changes += 1;
  await writeFile(at(`d/new-${changes}`), `new in ${changes}\n`);
  await link(at('x'), at(`d/crowded-y${changes}`));
  await rm(at(`d/new-${last}`));
  await rm(at(`d/crowded-y${last}`));
}

const disarm = async () => {
  for (const name of [order(), `${order()}.count`, `${order()}.died`]) await rm(name, { force: true });
};
async function arm(command: string, n: number, who: string): Promise<void> {
  await disarm(); // the changes are counted from now on
  await writeFile(order(), `${command} ${n} ${who}`, { mode: 0o644 });
}
const diedAt = () => readFile(`${order()}.died`, 'utf8').catch(() => undefined);

/** Names of one file each, within a tree; sorted. */
function groupsIn(tree: string): string[] {
  const groups = new Map<number, string[]>();
  for (const name of readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort()) {
    const { ino } = lstatSync(join(tree, name));
    groups.set(ino, [...(groups.get(ino) ?? []), name]);
  }
  return [...groups.values()].map((names) => names.join(' ')).sort();
}

/**
 * Name, mtime and content of everything. Owners and modes are in xattrs on the secondary; the run compares them. Times in whole seconds: rsync
 * compares no more, so a directory that was made here in the second in which it was changed there keeps its own fraction.
 */
const contentOf = (tree: string) =>
  recordTree(tree).map((line) => {
    const [, name = line, time = '', content = ''] = /^(b.*) 0o\d+ \d+ \d+ \d+ (-?\d+) (\S*) \[.*$/.exec(line) ?? [];
    return name.endsWith(`/link'`) ? name : `${name} ${time.slice(0, -9)} ${content}`; // a link is a file on the secondary
  });

/** No file has a name outside of the job's directory. */
function expectNothingElsewhere(): void {
  const found = new Map<number, { names: number; links: number }>();
  for (const name of readdirSync(secondary.path('db', ''), { recursive: true, encoding: 'utf8' })) {
    const status = lstatSync(secondary.path('db', name));
    if (status.isDirectory()) continue;
    found.set(status.ino, { names: (found.get(status.ino)?.names ?? 0) + 1, links: status.nlink });
  }
  for (const { names, links } of found.values()) expect(names).toBe(links);
}

async function expectSealedAsBefore(before: ReadonlyMap<string, readonly string[]>, when: string): Promise<void> {
  const now = await secondary.record('db');
  for (const [id, lines] of before) expect(now.get(id), `${id}, ${when}`).toEqual(lines);
}

/** The next run, and what it has sealed. */
async function secureAgain(before: ReadonlyMap<string, readonly string[]>, when: string): Promise<void> {
  await disarm();
  const id = await primary.secure();
  await expectSealedAsBefore(before, when);
  expect(contentOf(secondary.path('db', id)), when).toEqual(contentOf(primary.source));
  expect(groupsIn(secondary.path('db', id)), when).toEqual(groupsIn(primary.source));
  expectNothingElsewhere();
}

/** Who is killed, by turns. */
const WHO = ['gate', 'program', 'gate-alone'] as const;
const whoAt = (n: number) => WHO[n % WHO.length] ?? 'gate';

test('killed before each change of linking: the next run is sealed, and what was sealed is as it was', async () => {
  const died = new Set<string>();
  for (let n = 1; ; n += 1) {
    await changeSource();
    const before = await secondary.record('db');
    await arm('fill', n, whoAt(n));
    const { code } = await primary.call('run', 'db');
    const step = await diedAt();
    const when = `killed at ${n}: ${step ?? 'not'}`;
    await expectSealedAsBefore(before, when);
    if (step === undefined) {
      expect(code).toBe(0);
      break;
    }
    died.add(step);
    expect(code, when).toBe(12);
    await secureAgain(before, when);
  }
  for (const step of ['link', 'unlink', 'utime', 'rename', 'sendfile', 'fchmod'])
    expect(died).toContain(`fill ${step}`);
}, 900_000);

/** Changes of linking after which a tree shares enough for each of them to be killed while it is made to share nothing. */
const LINKED_BEFORE = 10;

test('killed before each change of making a tree share nothing: the same', async () => {
  const died: string[] = [];
  for (let n = 1; ; n += 1) {
    await changeSource();
    const before = await secondary.record('db');
    await arm('fill', LINKED_BEFORE, 'gate');
    expect((await primary.call('run', 'db')).code).toBe(12);
    await arm('unshare', n, whoAt(n));
    const { code } = await primary.call('run', 'db');
    const step = await diedAt();
    const when = `killed at ${n}: ${step ?? 'not'}`;
    await expectSealedAsBefore(before, when);
    if (step === undefined) {
      expect(code).toBe(0);
      break;
    }
    died.push(step);
    // What cannot be continued is begun anew.
    expect(code, when).toBe(whoAt(n) === 'program' ? 0 : 12);
    await secureAgain(before, when);
  }
  expect(died.length, 'each of them is killed at least once').toBeGreaterThanOrEqual(WHO.length);
  expect(died).toContain('unshare unlink');
}, 900_000);
