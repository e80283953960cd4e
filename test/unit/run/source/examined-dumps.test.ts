import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createExaminedDumps } from '../../../../src/run/source/examined-dumps.ts';

let directory: string;
let path: Buffer;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-examined-'));
  writeFileSync(join(directory, 'dump'), 'text');
  path = Buffer.from(join(directory, 'dump'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** An examination that counts how often it is made. */
function counting() {
  const counted = { times: 0 };
  const examine = () => {
    counted.times += 1;
    return Promise.resolve({ kind: 'nothing' } as const);
  };
  return { counted, examine };
}

it('a dump is examined once, also for two runs at the same time', async () => {
  const examined = createExaminedDumps();
  const { counted, examine } = counting();
  await Promise.all([examined.find(path, 'whole', examine), examined.find(path, 'whole', examine)]);
  await examined.find(path, 'whole', examine);
  expect(counted.times).toBe(1);
});

it('a dump that was changed is another one, and so is another kind of examination', async () => {
  const examined = createExaminedDumps();
  const { counted, examine } = counting();
  await examined.find(path, 'ends', examine);
  utimesSync(path, 1, 1);
  await examined.find(path, 'ends', examine);
  await examined.find(path, 'whole', examine);
  expect(counted.times).toBe(3);
});

it('an examination that was ended says nothing to others, and what is gone is asked of the examination', async () => {
  const examined = createExaminedDumps();
  const { counted, examine } = counting();
  await expect(examined.find(path, 'ends', () => Promise.reject(new Error('ended')))).rejects.toThrow('ended');
  expect(await examined.find(path, 'ends', examine)).toEqual({ kind: 'nothing' });
  await examined.find(Buffer.from('/nonexistent/offsite'), 'ends', examine);
  expect(counted.times).toBe(2);
});
