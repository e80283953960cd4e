import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeEach, expect, it } from 'vitest';
import { readRunningRun, takeRunLock, type Locked } from '../../../src/state/run-lock.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-lock-'));
  return () => rm(directory, { recursive: true, force: true });
});

const now = new Date('2026-11-23T02:15:00Z');
/** Gives a lock back, and tells whether it was one. */
async function release(lock: Locked): Promise<boolean> {
  if (lock.kind !== 'locked') return false;
  await lock.release();
  return true;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A process of its own that takes the lock and keeps it until it is ended. */
async function holder(): Promise<{ pid: number; kill(): Promise<void> }> {
  const script = join(directory, 'holder.mjs');
  const contents = `import { takeRunLock } from ${JSON.stringify(`${root}src/state/run-lock.ts`)};
    const lock = await takeRunLock(process.argv[2], 'a@b', new Date('2026-11-23T01:00:00Z'));
    console.log(lock.kind); setInterval(() => undefined, 1000);`;
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(said.toString().trim()).toBe('locked');
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

it('is seen from outside while it is held, and not after', async () => {
  const seen = () => readRunningRun(directory, 'a@b');
  expect(await seen()).toBeUndefined();
  const other = await holder();
  expect(await seen()).toEqual({ pid: other.pid, since: '2026-11-23T01:00:00.000Z' });
  // Looking takes nothing: a run that begins while somebody looks is not turned away.
  expect(await readRunningRun(directory, 'c@d')).toBeUndefined();
  await other.kill();
  expect(await seen()).toBeUndefined();
});

it('is taken once, and names who holds it and since when', async () => {
  const other = await holder();
  expect(await takeRunLock(directory, 'a@b', now)).toEqual({
    kind: 'held',
    holder: { pid: other.pid, since: '2026-11-23T01:00:00.000Z' },
  });
  expect(await release(await takeRunLock(directory, 'c@d', now))).toBe(true); // another job is another lock
  await other.kill();
});

it('dies with the process that holds it, however that ends', async () => {
  const other = await holder();
  await other.kill();
  expect(await release(await takeRunLock(directory, 'a@b', now))).toBe(true);
});

it('can be taken again after it was given back', async () => {
  for (let round = 0; round < 3; round += 1) {
    const lock = await takeRunLock(directory, 'a@b', now);
    expect((await takeRunLock(directory, 'a@b', now)).kind).toBe('held');
    expect(await release(lock)).toBe(true);
  }
});

it('that is held by somebody whose note is damaged is held all the same', async () => {
  const lock = await takeRunLock(directory, 'a@b', now);
  for (const note of ['', '{', 'null', '{"pid":"1","since":2}']) {
    await writeFile(join(directory, 'a@b.lock'), note);
    expect(await takeRunLock(directory, 'a@b', now)).toEqual({ kind: 'held', holder: undefined });
  }
  expect(await release(lock)).toBe(true);
});

it('of many that want it at once goes to exactly one', async () => {
  const locks = await Promise.all(Array.from({ length: 10 }, () => takeRunLock(directory, 'a@b', now)));
  const given = await Promise.all(locks.map(release));
  expect(given.filter(Boolean)).toHaveLength(1);
});
