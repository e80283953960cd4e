import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePrimary, type Primary, type ProgramEnd } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'dumps');
});

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

/** So many small dumps of one day in one directory. */
async function addDumps(count: number, day: string): Promise<void> {
  const directory = join(primary.source, 'tables');
  await mkdir(directory, { recursive: true });
  for (let table = 0; table < count; table += 1) {
    await writeFile(join(directory, `t${table}-${day}.sql`), `${table} on ${day}\n`);
  }
}

const looked = ({ argv }: ProgramEnd) => argv.some((line) => /^rsync .*--partial .*-yy/.test(line));

test('thousands of small files with new names are not compared with all there are, and it is said; the settings decide', async () => {
  await addDumps(1100, '2026-11-22');
  const yesterday = new Date(Date.now() - 86_400_000);
  for (let table = 0; table < 1100; table += 1) {
    await utimes(join(primary.source, 'tables', `t${table}-2026-11-22.sql`), yesterday, yesterday);
  }
  await primary.secure();
  await addDumps(1100, '2026-11-23');

  await primary.configure({ job: { fuzzy: 'always' } });
  const always = await primary.call('run', 'dumps', '--dry-run');
  expect([always.code, looked(always)]).toEqual([0, true]);

  await primary.configure();
  const preview = await primary.call('run', 'dumps', '--dry-run');
  expect([preview.code, looked(preview)]).toEqual([0, false]);
  const run = await primary.call('run', 'dumps');
  expect([run.code, looked(run)]).toEqual([0, false]);
  expect(run.stderr).toContain('; new names are not compared with those there (fuzzy)');

  await writeFile(join(primary.source, 'one-more.sql'), 'a');
  const few = await primary.call('run', 'dumps');
  expect([few.code, looked(few)]).toEqual([0, true]);

  await primary.configure({ job: { fuzzy: 'never' } });
  const never = await primary.call('run', 'dumps');
  expect([never.code, looked(never)]).toEqual([0, false]);
});
