import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isMissing, namesIn } from '../../src/platform/files.ts';
import { sealedId } from '../../src/shared/seal.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { JobPaths } from './places.ts';

/**
 * The ids whose seal the gate has accepted but not placed, because it died in between. Their directories may still be
 * called `.partial`, but are complete.
 */
export async function acceptedIds({ accepted }: Pick<JobPaths, 'accepted'>): Promise<Set<SnapshotId>> {
  const names = await namesThere(accepted);
  return new Set(names.flatMap((name) => sealedId(name) ?? []));
}

type Incoming = Pick<JobPaths, 'incoming'>;

/** Paths that broken sessions left where the gate receives seals, and that are older than the lifetime. */
export async function oldSpool({ incoming }: Incoming, lifetimeMs: number, now: Date): Promise<string[]> {
  const old: string[] = [];
  for (const name of await namesThere(incoming)) {
    const path = join(incoming, name);
    const since = await appearance(path);
    if (since !== undefined && now.getTime() - since >= lifetimeMs) old.push(path);
  }
  return old;
}

/** Removes what {@link oldSpool} finds. Call it with the job's lock held. @returns the paths that were removed */
export async function removeOldSpool(paths: Incoming, lifetimeMs: number, now: Date): Promise<string[]> {
  const old = await oldSpool(paths, lifetimeMs, now);
  // A few files of at most 64 KiB each, so the lock is held only for a moment.
  for (const path of old) await rm(path, { recursive: true, force: true });
  return old;
}

/** When a file was created, in milliseconds; undefined when the gate has just removed it. */
async function appearance(path: string): Promise<number | undefined> {
  try {
    const { birthtimeMs, ctimeMs } = await lstat(path);
    return birthtimeMs || ctimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function namesThere(directory: string): Promise<string[]> {
  try {
    return await namesIn(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
