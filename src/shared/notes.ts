import { parseSnapshotId, type SnapshotId } from './snapshot-id.ts';

/*
 * The notes of a push: what the gate cannot know when it links from the basis what the push left out. They are sent before the push
 * as one file beside its snapshot, `ID.notes`. Each record ends in a NUL:
 *
 *   offsite-rsync notes 1     the first record
 *   -NAME                     the source no longer has this, so it is not linked
 *   =NAME                     was sent, and the names that follow belong to the same file
 *   +NAME
 */

/** The first record. */
export const NOTES_HEADER = 'offsite-rsync notes 1';

/** Largest notes in bytes: names of some 500,000 files. */
export const MAX_NOTES_BYTES = 64 * 1024 ** 2;

/** Most records: names of one byte would otherwise take gigabytes of memory on the secondary. */
export const MAX_NOTES_RECORDS = 1_000_000;

const SUFFIX = '.notes';

/** Name of the notes of a push. */
export function notesName(id: SnapshotId): string {
  return `${id}${SUFFIX}`;
}

/** The id in the name of notes; undefined for another name. */
export function notedId(name: string): SnapshotId | undefined {
  return name.endsWith(SUFFIX) ? parseSnapshotId(name.slice(0, -SUFFIX.length)) : undefined;
}
