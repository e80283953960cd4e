import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
let place: string;
let key: string;
let id: string;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await fillSampleTree(primary.source);
  place = await mkdtemp(join(tmpdir(), 'offsite-read-'));
  key = await secondary.sshd.allowSecond(`rrsync -ro -munge ${secondary.root}`);
  id = await primary.secure();
});
afterAll(async () => {
  await rm(place, { recursive: true, force: true });
  await primary.stop();
  await secondary.stop();
});

const listed = async (...words: string[]) => {
  const { code, stdout, stderr } = await primary.call('list', '--json', ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { job: string; snapshots: Record<string, unknown>[]; problems: string[] });
};

test('list shows the seals behind a plain rrsync that only reads, and what has none', async () => {
  await secondary.sshd.allow('rrsync -wo /nonexistent'); // the push key is not needed
  const before = await listed('--identity', key);
  expect(before).toMatchObject([{ job: 'postgres', problems: [], snapshots: [{ id, sealed: true, damaged: null }] }]);
  expect(before[0]?.snapshots[0]).toMatchObject({ verification: 'full', files: expect.any(Number) as number });
  const seal = `${secondary.path('postgres', id)}.sealed`;
  const text = await readFile(seal, 'utf8');
  await writeFile(seal, '{}');
  expect(await listed('postgres', '--identity', key)).toMatchObject([
    { problems: [`the seal of ${id} is of an unknown version`], snapshots: [{ id, sealed: false, bytes: null }] },
  ]);
  await rm(seal);
  expect(await listed('postgres', '--identity', key)).toMatchObject([
    { problems: [], snapshots: [{ id, sealed: false }] },
  ]);
  await writeFile(seal, text);
  await secondary.force();
});

test('a key that only writes is told why it lists nothing, and so is a target of the wrong kind', async () => {
  const { code, stderr } = await primary.call('list', '--identity', secondary.sshd.clientKey);
  expect({ code, stderr }).toMatchObject({ code: 14, stderr: expect.stringContaining('write-only server') as string });
  await primary.configure({ target: { secondary: 'gate' } });
  const wrong = await primary.call('list', '--identity', key);
  await primary.configure();
  expect(wrong).toMatchObject({ code: 14, stderr: expect.stringContaining('plain rrsync answers there') as string });
});

test.each([
  ['no such key', ['--identity', '/nonexistent/key'], 3, 'identity'],
  ['no such target', ['--target', 'moon'], 2, 'There is no target "moon"'],
  ['no such job', ['mysql', '--identity', '/nonexistent/key'], 3, 'identity'],
])('says what is wrong in one line: %s', async (_, words, code, said) => {
  const end = await primary.call('list', ...words);
  expect(end).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(said) as string });
});
