import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runProcess } from '../../../../src/platform/process.ts';
import { encodeName } from '../../../../src/rsync/itemized.ts';
import { checkDumps } from '../../../../src/run/source/dumps.ts';
import { HALF_PG_DUMP, PG_DUMP } from '../../dumps/support/samples.ts';

const source = mkdtempSync(join(tmpdir(), 'offsite-source-'));
afterAll(() => rmSync(source, { recursive: true }));

const put = (name: string, text = HALF_PG_DUMP) => writeFileSync(join(source, name), text);
const check = (
  dumps: readonly string[],
  since?: number,
  checks: readonly ('ends' | 'full')[] = ['ends'],
  list?: string[],
) =>
  checkDumps(
    { dumps, ...(list && { survey: { list: { names: list } } as never }) },
    {
      ...{ source, checks, since, signal: new AbortController().signal },
      stallMs: 60_000,
      environment: { PATH: '/usr/bin:/bin' },
    },
    runProcess,
  );

it('names each dump that is not whole, ten of them at most', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `db-${String(index).padStart(2, '0')}.sql`);
  for (const name of names) put(name);
  put('good.sql', PG_DUMP);
  const { objections, unchecked } = await check([...names, 'good.sql', 'gone.sql']);
  expect(unchecked).toEqual([]);
  expect(objections).toHaveLength(1);
  expect(objections[0]).toMatch(/^12 dumps are not whole: .*\n {2}db-00\.sql: a PostgreSQL dump that is cut off/);
  expect(objections[0]).toMatch(/db-09\.sql: .*\n {2}and 2 more$/);
});

it('looks at nothing with [] and at nothing that was not touched since, or that the survey finds unchanged', async () => {
  put('half.sql');
  const { ctimeMs } = statSync(join(source, 'half.sql'));
  expect((await check(['half.sql'], undefined, [])).objections).toEqual([]);
  expect((await check(['half.sql'], ctimeMs - 1)).objections).toHaveLength(1);
  // The newest that the run before has seen is not new.
  expect((await check(['half.sql'], ctimeMs)).objections).toEqual([]);
  expect((await check(['half.sql'], undefined, ['ends'], ['other.sql'])).objections).toEqual([]);
  expect((await check(['half.sql'], undefined, ['ends'], ['half.sql'])).objections).toHaveLength(1);
});

it('finds files by the names that rsync writes, whatever bytes they have', async () => {
  const bytes = Buffer.from('odd\n\xff.sql', 'latin1');
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), bytes]), HALF_PG_DUMP);
  const { objections } = await check([encodeName(bytes)]);
  expect(objections[0]).toMatch(/\n {2}odd\\#012\\#377\.sql: a PostgreSQL dump/);
});

it('says which dumps could not be read as a whole', async () => {
  put('packed.sql.gz', '');
  writeFileSync(join(source, 'packed.sql.gz'), Buffer.from('1f8b0800000000000003030000000000000000000000', 'hex'));
  const { objections, unchecked } = await checkDumps(
    { dumps: ['packed.sql.gz'] },
    {
      ...{ source, checks: ['full'], since: undefined, signal: new AbortController().signal },
      stallMs: 60_000,
      environment: { PATH: '/nonexistent' },
    },
    async () => Promise.resolve({ kind: 'not-started', cause: new Error('no') }),
  );
  expect(objections).toEqual([]);
  expect(unchecked).toEqual([
    expect.stringMatching(/^1 dump not read as a whole .*\n {2}packed\.sql\.gz: gzip is not installed here$/),
  ]);
});

it('ends with the run', async () => {
  const signal = AbortSignal.abort(new Error('ended'));
  const spec = { source, checks: ['ends'] as const, since: undefined, signal, stallMs: 1, environment: {} };
  await expect(checkDumps({ dumps: ['half.sql'] }, spec, runProcess)).rejects.toThrow('ended');
});
