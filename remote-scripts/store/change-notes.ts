import { join } from 'node:path';
import { isMissing } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';

/*
 * What the gate notes in a host's state about sealed snapshots that were changed, and prune tells. Both have it from here.
 */

/** Ending of the note that says what of a sealed snapshot has changed. */
export const CHANGED = '.changed';

/** Bytes that a note has at most: a thousand names of the longest kind, every byte of them escaped. */
const LARGEST_NOTE = 32 * 1024 ** 2;

/**
 * The names that a note holds, what is not ASCII escaped; none where there is no note.
 * @param records the directory of the job
 */
export async function readChanged(records: string, id: SnapshotId): Promise<readonly string[]> {
  try {
    const text = await readRegularFile(join(records, `${id}${CHANGED}`), LARGEST_NOTE);
    return text.split('\n').filter((name) => name !== '');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
