import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, inject, it } from 'vitest';
import { readDamage } from '../../remote-scripts/store/damage.ts';
import { jobPaths } from '../../remote-scripts/store/places.ts';
import { flipBytes } from '../ssh/support/flip-byte.ts';
import { mountFailingDisk } from '../ssh/support/failing-disk.ts';
import { must } from '../support/processes.ts';
import { createRandom, tellSeed } from '../support/seed.ts';
import { prune, startProgram } from '../unit/prune/support/run-prune.ts';
import { HOST, type Store } from '../unit/prune/support/store.ts';
import { expectedDamage, history, START, storedFiles } from '../unit/scrub/support/history.ts';
import { createScrubStore, scrub } from '../unit/scrub/support/run-scrub.ts';

const MIB = 1024 * 1024;
const DAY = 86_400_000;

let store: Store | undefined;
let stop: (() => unknown) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
  store?.remove();
});

const run = (...args: string[]) => startProgram(inject('scrub'), [HOST, '--config', store!.config, ...args]);

async function damage() {
  const { entries } = await readDamage(jobPaths({ root: store!.root, state: store!.state }, 'db'));
  return entries
    .map(({ inode, kind, name, snapshots }) => ({ inode, kind, name, snapshots }))
    .sort((a, b) => Number(a.inode) - Number(b.inode));
}

/** Flips a byte in each of some files. @returns what a scrub has to find */
function flipSome(count: number, random: () => number) {
  const files = storedFiles(store!);
  const chosen = [...files.keys()].sort(() => random() - 0.5).slice(0, count);
  const paths = chosen.map((inode) => files.get(inode)!.path);
  flipBytes(paths.map((path) => [path, Math.floor(random() * readFileSync(path).length)]));
  return expectedDamage(files, chosen);
}

it('killed at a hundred random points, it finds the same, and nothing else', { timeout: 600_000 }, async () => {
  const random = createRandom(tellSeed('lab/scrub'));
  store = createScrubStore();
  history(store, 8, 1500, random);
  await scrub(store, { wish: 'all' });
  const expected = flipSome(200, random);
  store.own();
  for (let kill = 0; kill < 100; kill += 1) {
    const { child, ended } = run('--now');
    const timer = setTimeout(() => child.kill('SIGKILL'), 60 + random() * 700);
    await ended;
    clearTimeout(timer);
  }
  expect((await run('--now').ended).code).toBe(43);
  expect(await damage()).toEqual(expected);
});

it('killed while it makes manifests, it leaves whole ones or none', { timeout: 300_000 }, async () => {
  const random = createRandom(tellSeed('lab/scrub-manifests'));
  store = createScrubStore();
  const ids = history(store, 6, 1500, random);
  store.own();
  for (let kill = 0; kill < 40; kill += 1) {
    const { child, ended } = startProgram(inject('scrub'), ['manifests', HOST, '--config', store.config]);
    const timer = setTimeout(() => child.kill('SIGKILL'), 100 + random() * 250);
    await ended;
    clearTimeout(timer);
    for (const id of ids.filter((each) => store!.names('db').includes(`${each}.sha256`))) expectProven(id);
  }
  expect((await run('--all').ended).code).toBe(0);
  for (const id of ids) expectProven(id);
  expect(store.names('db')).toEqual(ids.flatMap((id) => [id, `${id}.sealed`, `${id}.sha256`]));
});

it('reads a file with 50,000 names once', { timeout: 300_000 }, async () => {
  store = createScrubStore();
  const id = store.seal('db', new Date(START), { files: { first: 'x'.repeat(MIB) } });
  const at = (name: string) => join(store!.root, 'db', id, name);
  for (let number = 1; number < 50_000; number += 1) {
    const directory = `d${Math.floor((number - 1) / 1000)}`;
    if (number % 1000 === 1) mkdirSync(at(directory));
    linkSync(at('first'), at(`${directory}/name-${number}`));
  }
  const { code, job } = await scrub(store, { wish: 'all' });
  expect({ code, read: job.read }).toEqual({ code: 0, read: { files: 1, bytes: MIB } });
  flipBytes([[at('first'), 77]]);
  const found = await scrub(store, { wish: 'all' });
  expect(found.damage).toHaveLength(50_000);
  expect(new Set(found.damage.map(({ inode }) => inode)).size).toBe(1);
});

it('a disk that gives an error is a finding, and everything else is read', { timeout: 300_000 }, async () => {
  store = createScrubStore();
  mkdirSync(store.root, { recursive: true });
  const disk = await mountFailingDisk(store.root);
  stop = () => disk.stop();
  const id = store.seal('db', new Date(START), { files: { a: 'a', b: 'b' } });
  // The last that is written: all behind it fails too.
  writeFileSync(join(store.root, 'db', id, 'large'), Buffer.alloc(8 * MIB, 'large'));
  store.own();
  expect((await run('--all').ended).code).toBe(0);
  await disk.fail(join(store.root, 'db', id, 'large'), 4 * MIB);
  const { code, stdout } = await run('--all').ended;
  expect(code).toBe(43);
  expect(stdout).toContain(`large: the disk does not give its bytes; in ${id}; last good 20`);
  expect(await damage()).toMatchObject([{ name: 'large', kind: 'unreadable', snapshots: [id] }]);
  await disk.heal();
  must('dd', `if=${join(store.root, 'db', id, 'large')}`, 'iflag=nocache', 'count=0', 'status=none');
  expect((await run('--all').ended).code).toBe(0);
});

it('with a full state directory it reads all the same, tells what it finds, and says what it could not write', async () => {
  store = createScrubStore();
  const id = store.seal('db', new Date(START), { files: { a: 'a', b: 'b' } });
  must('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', store.state);
  stop = () => must('umount', store!.state);
  await scrub(store, { wish: 'all' });
  flipBytes([[join(store.root, 'db', id, 'a'), 0]]);
  spawnSync('sh', ['-c', 'cat /dev/zero > "$0/filler"', store.state]);
  const { code, job, log } = await scrub(store, { wish: 'all' }).catch((error: unknown) => {
    throw new Error('a scrub must not end in the middle', { cause: error });
  });
  expect(code).toBe(43);
  expect(job.failures.join()).toContain('ENOSPC');
  expect(log.join('\n')).toContain('1 stored file of web1/db damaged');
});

it('runs beside prune, and takes nothing that prune removes for damage', { timeout: 300_000 }, async () => {
  const random = createRandom(tellSeed('lab/scrub-beside-prune'));
  store = createScrubStore({ retention: '{ last: 2, within: 1d }' });
  for (let day = 0; day < 12; day += 1) {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`d${at % 9}/f${at}`, `${day} ${at} ${random()}`]),
    );
    store.seal('db', new Date(Date.now() - (12 - day) * DAY), { files });
  }
  store.own();
  const scrubbing = (async () => {
    const codes: (number | null)[] = [];
    for (let round = 0; round < 4; round += 1) codes.push((await run('--all').ended).code);
    return codes;
  })();
  const pruned = await prune([HOST, '--config', store.config]);
  expect(pruned.code, pruned.stderr).toBe(0);
  expect(await scrubbing).toEqual([0, 0, 0, 0]);
  expect(await damage()).toEqual([]);
  expect(store.names('db').filter((name) => !name.includes('.'))).toHaveLength(2);
});

function expectProven(id: string): void {
  const { status, stdout } = spawnSync('sha256sum', ['--check', '--strict', '--quiet', `../${id}.sha256`], {
    cwd: join(store!.root, 'db', id),
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
}
