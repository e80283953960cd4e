import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { createManifest, loadManifest, saveManifest } from '../../../src/state/manifest.ts';

const ID = '2026-11-23T021500Z' as SnapshotId;
const FROM = new Date('2026-11-23T02:15:07.123Z');
const ENTRY = { kind: 'file', size: 20, mtime: '2026/11/20-10:00:00' };

let state: string;
beforeEach(async () => void (state = await mkdtemp(join(tmpdir(), 'offsite-manifest-'))));
afterEach(() => rm(state, { recursive: true, force: true }));

async function keep(names: readonly string[], id = ID): Promise<void> {
  const writer = createManifest();
  for (const name of names) writer.add({ ...ENTRY, name });
  await saveManifest(state, 'db', 'vault', { id, verifiedFrom: FROM, packed: await writer.end() });
}

it('gives back what was taken down, whatever a name looks like', async () => {
  const names = ['dump.sql', ' leading', 'a  b ', '12 34', 'file 5 x', 'ü\\#012', './', 'deep/er/'];
  await keep(names);
  const manifest = await loadManifest(state, 'db', 'vault', ID);
  expect(manifest?.verifiedFrom).toEqual(FROM);
  for (const name of names) expect(manifest?.entry(name)).toEqual({ ...ENTRY, name });
  for (const name of ['dump', 'leading', '', '__proto__']) expect(manifest?.entry(name)).toBeUndefined();
});

it('takes a name twice for what was said last', async () => {
  const writer = createManifest();
  for (const size of [1, 2]) writer.add({ ...ENTRY, size, name: 'redone' });
  await saveManifest(state, 'db', 'vault', { id: ID, verifiedFrom: FROM, packed: await writer.end() });
  expect((await loadManifest(state, 'db', 'vault', ID))?.entry('redone')?.size).toBe(2);
});

it('holds a hundred thousand entries', async () => {
  await keep(Array.from({ length: 100_000 }, (_, index) => `directory ${index % 100}/file-${index}.dat`));
  const manifest = await loadManifest(state, 'db', 'vault', ID);
  expect(manifest?.entry('directory 99/file-99999.dat')).toMatchObject({ size: 20 });
  expect(manifest?.entry('directory 0/file-0.dat')).toMatchObject({ size: 20 });
});

it('is none where there is none, and where its file is damaged', async () => {
  expect(await loadManifest(state, 'db', 'vault', ID)).toBeUndefined();
  await keep(['dump.sql']);
  const directory = join(state, 'manifests', 'db@vault');
  const path = join(directory, (await readdir(directory))[0] ?? '');
  const whole = await readFile(path);
  for (const damaged of [Buffer.alloc(0), Buffer.from('nonsense'), whole.subarray(0, whole.length - 9)]) {
    await writeFile(path, damaged);
    expect(await loadManifest(state, 'db', 'vault', ID)).toBeUndefined();
  }
});

it('keeps those of earlier snapshots as long as there is room', async () => {
  const older = '2026-11-22T021500Z' as SnapshotId;
  await keep(['old'], older);
  await keep(['new']);
  expect((await loadManifest(state, 'db', 'vault', older))?.entry('old')).toBeDefined();
  // Sparse, as if it had grown: what counts is its size.
  const oldest = '2026-11-21T021500Z' as SnapshotId;
  await keep(['oldest'], oldest);
  await truncate(join(state, 'manifests/db@vault', `${older}.list.gz`), 65 * 1024 ** 2);
  await keep(['newest'], '2026-11-24T021500Z' as SnapshotId);
  expect(await readdir(join(state, 'manifests/db@vault'))).toEqual([
    '2026-11-23T021500Z.list.gz',
    '2026-11-24T021500Z.list.gz',
  ]);
});
