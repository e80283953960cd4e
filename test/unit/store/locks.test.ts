import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  fitsFile,
  gateLock,
  hostLock,
  jobLock,
  memoryLock,
  takeLock,
  whileLocked,
} from '../../../remote-scripts/store/locks.ts';
import { hostPlaces, jobPaths } from '../../../remote-scripts/store/places.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'offsite-locks-'));
  for (const path of [places().root, places().state]) mkdirSync(path, { recursive: true });
});
afterEach(() => rmSync(base, { recursive: true }));

const places = () => hostPlaces({ root: join(base, 'root'), stateDir: join(base, 'state') }, 'db1');
const paths = () => jobPaths(places(), 'db');

it('locks what the writers lock: the job behind the gate, the whole host under a plain rrsync', () => {
  expect(jobLock('gate', places(), paths())).toEqual({ path: `${base}/state/db1/db.lock`, kind: 'file' });
  expect(jobLock('gate', places(), paths())).toEqual(gateLock(paths()));
  expect(jobLock('rrsync', places(), paths())).toEqual({ path: `${base}/root/db1`, kind: 'directory' });
});

it('keeps out whoever takes the same lock, and nobody else', async () => {
  const all = [gateLock(paths()), jobLock('rrsync', places(), paths()), hostLock(places()), memoryLock(places())];
  const held = await Promise.all(all.map((lock) => takeLock(lock)));
  expect(held.map((lock) => lock !== undefined)).toEqual([true, true, true, true]);
  expect(await Promise.all(all.map((lock) => takeLock(lock)))).toEqual(all.map(() => undefined));
  for (const lock of held) await lock?.release();
  const again = await takeLock(gateLock(paths()));
  expect(again).toBeDefined();
  await again?.release();
});

it('runs a program under a lock, and gives up where it is told not to wait', async () => {
  const run = ({ program, args }: ReturnType<typeof whileLocked>) => spawnSync(program, args, { encoding: 'utf8' });
  expect(run(whileLocked(paths().lock, ['echo', 'ran'], 'wait')).stdout).toBe('ran\n');
  const lock = await takeLock(gateLock(paths()));
  expect(run(whileLocked(paths().lock, ['echo', 'ran'], 'give-up')).stdout).toBe('');
  const { program, args } = whileLocked(paths().lock, ['true'], 'wait');
  expect(run({ program: 'timeout', args: ['0.3', program, ...args] }).status).toBe(124); // timeout(1) had to end it
  await lock?.release();
});

it('takes for a file what is one, or may become one', () => {
  const file = join(base, 'file');
  expect(fitsFile(file)).toBe(true);
  writeFileSync(file, '');
  expect(fitsFile(file)).toBe(true);
  expect(fitsFile(base)).toBe(false);
  execFileSync('mkfifo', [join(base, 'pipe')]);
  symlinkSync('pipe', join(base, 'link'));
  expect(fitsFile(join(base, 'pipe'))).toBe(false);
  expect(fitsFile(join(base, 'link'))).toBe(false);
});
