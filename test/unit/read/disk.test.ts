import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDisk } from '../../../src/read/disk.ts';
import { formatSeal } from '../../../src/shared/seal.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { sealOf } from '../../ssh/support/gate-host.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;
let disk: string;
const at = (...names: string[]) => join(disk, ...names);

beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), 'offsite disk '));
  await mkdir(at('db1', 'postgres', ID), { recursive: true });
  await writeFile(at('db1', 'postgres', `${ID}.sealed`), formatSeal(sealOf(ID, { job: 'postgres' })));
});
afterEach(() => rm(disk, { recursive: true, force: true }));

describe('a disk that was carried over', () => {
  it.each(['db1/postgres', 'db1/postgres/', 'db1'])('is opened by the directory %s', async (from) => {
    const source = await openDisk(at(from), 'postgres', 'fake_super');
    expect(source.name).toBe(at('db1/postgres'));
    const [job] = source.jobs;
    expect(job).toMatchObject({ job: 'postgres', snapshots: [{ id: ID, sealed: true, files: 2, manifest: null }] });
    expect(source.place('postgres', job!.snapshots[0]!)).toBe(`disk:${ID}/`);
    expect(source.manifest('postgres', job!.snapshots[0]!)).toBeUndefined();
    await source.close();
  });

  it('has attempts without a seal, snapshots whose seal is damaged, and manifests', async () => {
    for (const name of ['2026-11-24T021500Z.frozen', '2026-11-25T021500Z.partial', '2026-11-26T021500Z', 'lost+found'])
      await mkdir(at('db1/postgres', name));
    await writeFile(at('db1/postgres/2026-11-26T021500Z.sealed'), '{"version":');
    await writeFile(at(`db1/postgres/${ID}.sha256`), '');
    const source = await openDisk(at('db1'), 'postgres', 'plain');
    const snapshots = source.jobs[0]!.snapshots;
    expect(snapshots.map((each) => [source.place('postgres', each), each.sealed])).toEqual([
      [`disk:${ID}/`, true],
      ['disk:2026-11-24T021500Z.frozen/', false],
      ['disk:2026-11-25T021500Z.partial/', false],
      ['disk:2026-11-26T021500Z/', false],
    ]);
    expect(source.manifest('postgres', snapshots[0]!)).toBe(`disk:${ID}.sha256`);
  });

  it.each([
    ['a link', () => symlink('other', at(`db1/postgres/${ID}.sha256`))],
    ['a directory', () => mkdir(at(`db1/postgres/${ID}.sha256`))],
  ])('has no manifest where %s is in its place', async (_, make) => {
    await make();
    const source = await openDisk(at('db1'), 'postgres', 'plain');
    expect(source.jobs[0]!.snapshots).toMatchObject([{ id: ID, sealed: true, manifest: null }]);
  });

  it.each([
    ['nothing', /nothing does not exist/],
    [`db1/postgres/${ID}`, /is a snapshot itself/],
    [`db1/postgres/${ID}.sealed`, /is no directory/],
    ['.', /holds neither snapshots nor a directory postgres/],
  ])('is not opened by %s', async (from, message) => {
    await expect(openDisk(at(from), 'postgres', 'fake_super')).rejects.toThrow(message);
  });

  it('is not opened where the snapshots are of another job', async () => {
    await expect(openDisk(at('db1/postgres'), 'files', 'fake_super')).rejects.toThrow(/is not of the job files/);
  });
});
