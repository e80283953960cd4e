import { lstatSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, namesIn } from '../../src/platform/files.ts';
import { readRegularFile, writeNote } from '../../src/platform/regular-file.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { JobPaths } from './places.ts';

/*
 * What the gate records about the inodes of sealed snapshots, in a job's `records`. Prune reports changes.
 *
 *   <id>           the record: sorted pairs of an inode number and a digest, 16 bytes each
 *   <id>.basis     which record the push of <id> is compared with; written before the walk
 *   <id>.changed   names that differ, one per line; stays until an administrator has looked
 *   <id>.lock      held by the walk that writes the record
 */

const CHANGED = '.changed';

/** Ending of a record or note while the walk writes it. */
export const UNFINISHED = '.tmp';

/** Largest size of a note in bytes: a thousand names of the greatest length, with every byte escaped. */
const LARGEST_NOTE = 32 * 1024 ** 2;

/** Bytes of the file that names a basis: one id. */
const LARGEST_BASIS = 1024;

/** Bytes that the records of one job may take. If a basis has no record, one is made before the push begins. */
const KEPT_BYTES = 64 * 1024 ** 2;

/** Where the records of a job are. */
export type RecordPaths = Pick<JobPaths, 'records'>;

/** A sealed snapshot in which the gate has found changed files. */
export interface ChangedSnapshot {
  readonly id: SnapshotId;
  /** Names in it; what is not ASCII is escaped. */
  readonly names: readonly string[];
  /** The gate's note, which an administrator removes after a look. */
  readonly note: string;
}

/** The files of one snapshot among the records. */
export function recordFiles({ records }: RecordPaths, id: SnapshotId) {
  return {
    record: join(records, id),
    basis: join(records, `${id}.basis`),
    changed: join(records, `${id}${CHANGED}`),
    lock: join(records, `${id}.lock`),
  };
}

/** Records what the push of an id may link to. @param basis undefined if it links to nothing */
export async function writeBasis(paths: RecordPaths, id: SnapshotId, basis: SnapshotId | undefined): Promise<void> {
  await writeNote(recordFiles(paths, id).basis, basis ?? '');
}

/** What {@link writeBasis} recorded; undefined also if there is no record. */
export async function readBasis(paths: RecordPaths, id: SnapshotId): Promise<SnapshotId | undefined> {
  return parseSnapshotId((await readNote(recordFiles(paths, id).basis, LARGEST_BASIS)) ?? '');
}

/** Whether changes were found in a sealed snapshot. Nothing more is linked to it then. */
export function isChanged(paths: RecordPaths, id: SnapshotId): boolean {
  return lstatSync(recordFiles(paths, id).changed, { throwIfNoEntry: false }) !== undefined;
}

/** The names in a note of changes, with what is not ASCII escaped; none if there is no note. */
export async function readChanged(paths: RecordPaths, id: SnapshotId): Promise<readonly string[]> {
  const text = (await readNote(recordFiles(paths, id).changed, LARGEST_NOTE)) ?? '';
  return text.split('\n').filter((name) => name !== '');
}

/** Reads all notes of changes of a job. */
export async function changedSnapshots(paths: RecordPaths): Promise<ChangedSnapshot[]> {
  const found: ChangedSnapshot[] = [];
  for (const name of (await namesIn(paths.records)).sort()) {
    const id = name.endsWith(CHANGED) ? parseSnapshotId(name.slice(0, -CHANGED.length)) : undefined;
    if (id !== undefined) found.push({ id, names: await readChanged(paths, id), note: recordFiles(paths, id).changed });
  }
  return found;
}

/** Removes the records of snapshots that no longer exist, and the oldest records beyond {@link KEPT_BYTES}. */
export async function clearRecords({ records }: RecordPaths, present: ReadonlySet<string>): Promise<void> {
  let bytes = 0;
  for (const name of (await readdir(records)).sort().reverse()) {
    const path = join(records, name);
    const id = name.replace(/\..*/, '');
    const stats = await lstat(path);
    if (stats.isDirectory()) continue; // not ours, and harmless
    if (!present.has(id)) await rm(path, { force: true });
    else if (name === id) {
      bytes += stats.size;
      if (bytes > KEPT_BYTES) await rm(path, { force: true });
    }
  }
}

async function readNote(path: string, limit: number): Promise<string | undefined> {
  try {
    return await readRegularFile(path, limit);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
