import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isMissing } from '../../src/platform/files.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';

/**
 * The ids whose seal the gate has accepted and not yet placed, because it died in between. Their directories may still
 * be called `.partial`, and are complete.
 */
export async function acceptedIds(state: string, job: string): Promise<Set<SnapshotId>> {
  const names = await namesIn(join(state, 'spool', job, 'accepted'));
  return new Set(names.flatMap((name) => parseSnapshotId(name.replace(/\.sealed$/, '')) ?? []));
}

/**
 * Removes what a broken session left where the gate receives seals. Call it with the job's lock held.
 * @returns the names that were removed
 */
export async function removeOldSpool(state: string, job: string, lifetimeMs: number, now: Date): Promise<string[]> {
  const incoming = join(state, 'spool', job, 'incoming');
  const removed: string[] = [];
  for (const name of await namesIn(incoming)) {
    const path = join(incoming, name);
    const { birthtimeMs, ctimeMs } = await lstat(path);
    if (now.getTime() - (birthtimeMs || ctimeMs) < lifetimeMs) continue;
    // A few files of at most 64 KiB each: this holds the lock for no time worth the name.
    await rm(path, { recursive: true, force: true });
    removed.push(name);
  }
  return removed;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error) || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
