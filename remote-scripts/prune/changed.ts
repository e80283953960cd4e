import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../src/platform/files.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { CHANGED, readChanged } from '../store/change-notes.ts';
import type { JobPaths } from '../store/places.ts';

/** A sealed snapshot of which the gate has noticed that files are no longer what they were. */
export interface ChangedSnapshot {
  readonly id: SnapshotId;
  /** Names in it, what is not ASCII escaped. */
  readonly names: readonly string[];
  /** The gate's note; removed by whoever has looked. */
  readonly note: string;
}

/** Reads the gate's notes for a job. */
export async function changedSnapshots({ records }: Pick<JobPaths, 'records'>): Promise<ChangedSnapshot[]> {
  const found: ChangedSnapshot[] = [];
  for (const name of (await namesIn(records)).sort()) {
    const id = name.endsWith(CHANGED) ? parseSnapshotId(name.slice(0, -CHANGED.length)) : undefined;
    if (id !== undefined) found.push({ id, names: await readChanged(records, id), note: join(records, name) });
  }
  return found;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
