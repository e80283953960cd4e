import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { snapshotIdOf } from '../../src/shared/snapshot-id.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { removeTree } from '../ssh/support/remove-tree.ts';
import { must } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { PG_DUMP } from '../unit/dumps/support/samples.ts';
import { startProgram, type Ended } from '../unit/prune/support/run-prune.ts';

/*
 * What somebody who names files can do with that: to what goes on afterwards on the secondary, and to those who read of them.
 */

let secondary: GateSecondary;
let primary: Primary;
let readKey: string;
let told: string;

beforeAll(async () => {
  secondary = await startGateSecondary();
  const { gate, sshd } = secondary;
  primary = await makePrimary(secondary, 'db');
  await primary.configure({ target: { secondary: 'gate', io_timeout: '60s' }, job: { guard: { max_shrink: 'off' } } });
  readKey = await sshd.allowSecond(`${process.execPath} ${gate.bundle} --config ${gate.config} --read web1`);
  told = join(gate.hostState, 'told');
  const channel = { type: 'command', command: ['/bin/sh', '-c', `cat >> ${told}; echo >> ${told}`] };
  await secondary.amend({ jobs: { db: { drill: {} }, files: {} }, retention: { last: 1, daily: 2 }, hold: { shrink: '100%' } }, { alerts: { channels: { file: channel } } }); // prettier-ignore
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

const onSecondary = (program: 'scrub' | 'drill' | 'prune', ...words: string[]): Promise<Ended> =>
  startProgram(inject(program), [...words, 'web1', '--config', secondary.gate.config], secondary.sshd.account.uid)
    .ended;

async function fresh(): Promise<string> {
  await removeTree(primary.source);
  await mkdir(primary.source);
  await writeFile(join(primary.source, 'honest'), 'honest\n');
  return primary.source;
}

/** Two clients that do not know of each other must not take ids of the same second. */
function nextSecond(): Promise<void> {
  const present = snapshotIdOf(new Date());
  return until(() => snapshotIdOf(new Date()) > present);
}

/** rsync's time goes with the square of the depth, and of one of 1,900 it reads no more (ENOMEM), which the run says: docs/facts.md#deep-trees. */
function deep(source: string): void {
  must('python3', '-I', '-c', 'import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(200): os.mkdir("d"); os.chdir("d")\nopen("f", "w").close()', source); // prettier-ignore
}

const TREES: Readonly<Record<string, (source: string) => Promise<void> | void>> = {
  'names with newlines, of 255 bytes, of all bytes, and like options': async (source) => {
    for (const name of [
      'new\nline',
      'n'.repeat(255),
      '-rf',
      '--delete',
      ' ',
      '\\#012',
      '*',
      '~',
      '\u202egpj.exe',
      'ends with blank ',
      '.x.AbCdEf',
    ])
      await writeFile(join(source, name), `${name}\n`);
    must('python3', '-I', '-c', 'import os, sys\nfor b in range(1, 256):\n if b != 47: open(os.path.join(os.fsencode(sys.argv[1]), b"byte-" + bytes([b])), "w").close()', source); // prettier-ignore
  },
  'a tree that is 200 directories deep': deep,
  'directories of mode 000, and files that nobody may read': async (source) => {
    await mkdir(join(source, 'closed/below'), { recursive: true });
    await writeFile(join(source, 'closed/below/file'), 'closed\n', { mode: 0 });
    await chmod(join(source, 'closed/below'), 0);
    await chmod(join(source, 'closed'), 0);
  },
  'links to everything': async (source) => {
    for (const [index, target] of ['/', '..', '/proc/self/root', '.', 'loop', 'x'.repeat(4000)].entries())
      await symlink(target, join(source, `link-${index}`));
    await symlink('loop', join(source, 'loop'));
  },
  'a sparse file of 200 MiB': async (source) => {
    await writeFile(join(source, 'sparse'), '');
    await truncate(join(source, 'sparse'), 200 * 1024 ** 2);
  },
};

describe.runIf(process.getuid?.() === 0)('a tree of which nobody thought (needs root, for devices and owners)', () => {
  it.each(Object.entries(TREES))(
    '%s: push, freeze, scrub, drill and prune go on',
    async (_, fill) => {
      const { gate } = secondary;
      await fill(await fresh());
      const run = async () => {
        const { code, stdout, stderr } = await primary.call('run', 'db');
        expect(code, `${stdout}${stderr}`).toBe(0);
      };
      await run();
      // An attempt with such a tree, frozen, and continued by the next run.
      await nextSecond();
      expect(await gate.push(gate.nextId(), { source: primary.source })).toMatchObject({ code: 0 });
      await nextSecond();
      await run();
      await fresh();
      await run();
      for (const [program, ...words] of [
        ['scrub', '--all'],
        ['drill', '--job', 'db'],
        ['prune'],
        ['prune', 'status'],
      ] as const) {
        const [command, rest] = words[0] === 'status' ? [['status'], []] : [[], words];
        const { code, stdout, stderr } = await onSecondary(program, ...command, ...rest);
        expect(code, `${program}: ${stdout}${stderr}`).toBe(0);
      }
      await primary.call('verify', 'db');
    },
    120_000,
  );
});

/** What one reader or another would obey. */
const NAMES = [
  '\x1b]0;owned\x07\x1b[2J\x1b[31m.sql', 'line\nX-Injected: yes.sql', 'carriage\rreturn.sql', '<script>alert(1)<\\script>.sql', '<!channel> <@U1> `*_~.sql',
  '@everyone @here.sql', '"quote\'s" & {x="y"} \\n.sql', '=cmd|\' \\C calc\'!A0.sql', '\u202egpj.sql', '\u2028\u2029\u0085\ufeff.sql', '$(touch owned) `id` ;id.sql',
  '%s%n%d.sql', '-rf.sql', '--option=x.sql', '\x9b31m.sql', 'MESSAGE=x\nPRIORITY=0.sql', '<0>forged.sql', 'line\n<0>forged.sql', '\ud83d\udca3.sql',
]; // prettier-ignore

/** Everything that a terminal, a line-based format or a reader's eye would obey. */
// eslint-disable-next-line no-control-regex
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

function expectHarmless(what: string, text: string): void {
  const found = OBEYED.exec(text);
  expect(found === null ? undefined : `${what}: ${JSON.stringify(text.slice(Math.max(0, found.index - 80), found.index + 40))}`).toBeUndefined(); // prettier-ignore
  // The last is a priority to the journal: of what has its output there, a line that begins so goes to every terminal.
  expect(text, what).not.toMatch(/^X-Injected: yes|^PRIORITY=0|^<\d>/m);
}

describe('names that are meant for those who read of them', () => {
  let honest: string;
  let sealed: string;
  const stored = () => join(secondary.gate.jobDirectory, sealed);

  beforeAll(async () => {
    const source = await fresh();
    honest = await primary.secure();
    await rm(told, { force: true });
    for (const name of NAMES) await writeFile(join(source, name), PG_DUMP);
    sealed = await primary.secure();
    expect((await onSecondary('scrub', '--all')).code).toBe(0);
    for (const name of readdirSync(stored())) {
      const path = join(stored(), name);
      const { atime, mtime } = lstatSync(path);
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
      writeFileSync(path, bytes);
      utimesSync(path, atime, mtime);
    }
  });

  it('are harmless in what scrub, drill and prune say, send and write', async () => {
    for (const [program, ...words] of [
      ['scrub', '--all'],
      ['scrub', '--list'],
      ['drill', '--job', 'db'],
      ['prune'],
    ] as const) {
      const { stdout, stderr } = await onSecondary(program, ...words);
      expectHarmless(`${program} ${words.join(' ')}`, `${stdout}${stderr}`);
      const json = await onSecondary(program, ...words.filter((word) => word !== '--all'), '--json');
      expectHarmless(`${program} --json`, json.stdout);
      expect(() => JSON.parse(json.stdout.trim().split('\n').at(-1) ?? '') as unknown).not.toThrow();
    }
    for (const command of ['status', 'check']) {
      const { stdout, stderr } = await startProgram(inject('prune'), [command, 'web1', '--config', secondary.gate.config], secondary.sshd.account.uid).ended; // prettier-ignore
      expectHarmless(`prune ${command}`, `${stdout}${stderr}`);
    }
    expect(existsSync(told)).toBe(true);
    for (const line of readFileSync(told, 'utf8')
      .split('\n')
      .filter((each) => each.startsWith('{'))) {
      const { subject, body } = JSON.parse(line) as { subject: string; body: string };
      expect(subject).not.toContain('\n');
      expectHarmless('an alert', `${subject}\n${body}`);
    }
    for (const line of readFileSync(join(secondary.gate.hostState, 'gate.log'), 'utf8').trimEnd().split('\n'))
      JSON.parse(line);
  });

  it('are harmless in what verify, diff, restore, list, history and report say, send and write', async () => {
    const to = join(primary.directory, 'restored');
    const page = join(primary.directory, 'report.html');
    for (const words of [
      ['verify', 'db'],
      ['diff', 'db', honest, 'latest', '--identity', readKey],
      ['restore', 'db', '--identity', readKey, '--to', to],
      ['list', 'db', '--identity', readKey],
      ['history', 'db'],
      ['status'],
      ['report', '--out', page],
    ]) {
      const end = await primary.call(...words);
      expect(end.stderr, words.join(' ')).not.toMatch(/internal error|usage/i);
      expectHarmless(words.join(' '), `${end.stdout}${end.stderr}`);
      for (const { subject, body } of end.alerts) expectHarmless(`the alert of ${words[0]}`, `${subject}\n${body}`);
    }
    expect(readFileSync(page, 'utf8')).not.toContain('<script>alert');
    expect(spawnSync('ls', [join(primary.directory, 'owned')]).status).not.toBe(0);
  });
});
