import { appendFile, link, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';

/* Names of one file of which exclude leaves some out: those that are sent are one file, and what is written through the others is sent. */

let secondary: GateSecondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

it.each(['changed', 'full'])('names of one file of which some are left out, with verify.mode: %s', async (mode) => {
  const job = { verify: { mode }, exclude: ['/left-out', 'zz*'] };
  await primary.configure({ target: { secondary: 'gate' }, job });
  const at = (...names: string[]) => join(primary.source, mode, ...names);
  const leftOut = join(primary.source, 'left-out');
  await mkdir(at(), { recursive: true });
  await mkdir(leftOut, { recursive: true });
  await writeFile(at('a'), 'one');
  for (const name of [join(leftOut, mode), at('zz'), at('b')]) await link(at('a'), name);

  const secured = async (...names: string[]): Promise<string> => {
    const id = await primary.secure();
    const stored = (name = '') => secondary.path('db', id, join(mode, name));
    expect((await readdir(stored())).sort()).toEqual(names);
    const inodes = await Promise.all(names.map(async (name) => (await stat(stored(name))).ino));
    expect(new Set(inodes).size).toBe(1);
    const verified = await primary.call('verify', 'db');
    expect(verified.code, verified.stdout).toBe(0);
    return stored('a');
  };
  expect((await stat(await secured('a', 'b'))).size).toBe(3);
  await appendFile(join(leftOut, mode), ' and more');
  expect((await stat(await secured('a', 'b'))).size).toBe(12);
  await link(at('zz'), at('c'));
  await secured('a', 'b', 'c');
});
