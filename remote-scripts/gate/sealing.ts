import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makePrivateDirectory, namesIn, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import {
  formatSeal,
  MAX_SEAL_BYTES,
  MAX_STORED_SEAL_BYTES,
  parseSeal,
  sealedId,
  sealName,
  type Receipt,
  type StoredSeal,
} from '../../src/shared/seal.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { readIncoming, unfitIncoming } from './incoming.ts';
import { isRealDirectory } from '../store/job-directory.ts';
import { parseEntryName, partialName } from '../../src/shared/entry-names.ts';
import type { JobPaths } from '../store/places.ts';
import { syncDirectory } from '../store/syncing.ts';
import { flushOrDistrust } from './unflushed.ts';

/*
 * How a snapshot is sealed, and what if we die here (all of it under the job's lock):
 *
 *   1. flush the file system               died: nobody knows what was on the disk (unflushed.ts)
 *   2. accepted/<id>.sealed, with receipt  died: the next session goes on from here (completeSeals)
 *   3. <id>.partial -> <id>                died: the same
 *   4. <id>.sealed beside it               died: the same, and there is nothing left to do but 5
 *   5. remove accepted/<id>.sealed
 *
 * The name without a suffix appears only after 2, so a directory of that name has always been verified by its sender.
 */

/**
 * Reads the seal that a sender sent.
 * @returns its claims, without any receipt the sender made up, or in words why it is refused
 */
export async function readSeal(
  paths: JobPaths,
  expected: { readonly id: SnapshotId; readonly job: string },
): Promise<StoredSeal | string> {
  const name = sealName(expected.id);
  const unfit = await unfitIncoming(paths, name, MAX_SEAL_BYTES);
  if (unfit !== undefined) return unfit;
  const seal = parseSeal(await readIncoming(paths, name), expected);
  return typeof seal === 'string' ? seal : claimsOf(seal);
}

/**
 * Whether a sealed snapshot already has exactly these claims: the sender asks again if its connection broke before it
 * heard of the success.
 */
export async function bearsClaims({ snapshots }: JobPaths, seal: StoredSeal): Promise<boolean> {
  const text = await readRegularFile(join(snapshots, sealName(seal.id)), MAX_STORED_SEAL_BYTES);
  const stored = parseSeal(text, seal);
  return typeof stored !== 'string' && formatSeal(claimsOf(stored)) === formatSeal(claimsOf(seal));
}

/**
 * Makes the partial snapshot a sealed one; see the top of this file.
 * @throws FailedWriteError when the disk did not take what was pushed
 */
export async function placeSeal(paths: JobPaths, seal: StoredSeal, receipt: Receipt): Promise<void> {
  await flushOrDistrust(paths);
  await makePrivateDirectory(paths.accepted);
  await writeFileAtomic(join(paths.accepted, sealName(seal.id)), formatSeal({ ...seal, receipt }));
  await syncDirectory(paths.accepted);
  await completeSeal(paths, seal.id);
}

/**
 * Completes seals that had been accepted when the gate died.
 * @returns the ids that it completed
 * @throws Error when one of them is damaged, or no file
 */
export async function completeSeals(paths: JobPaths): Promise<SnapshotId[]> {
  const completed: SnapshotId[] = [];
  for (const name of await namesIn(paths.accepted)) {
    const id = sealedId(name);
    if (id === undefined) {
      // What writeFileAtomic leaves when it is killed. A directory is something else, and does no harm.
      const place = join(paths.accepted, name);
      if ((await lstat(place)).isFile()) await rm(place, { force: true });
    } else if (await completeSeal(paths, id)) {
      completed.push(id);
    }
  }
  return completed;
}

async function completeSeal(paths: JobPaths, id: SnapshotId): Promise<boolean> {
  const record = join(paths.accepted, sealName(id));
  const text = await readRegularFile(record, MAX_STORED_SEAL_BYTES);
  const seal = parseSeal(text, { id, job: basename(paths.snapshots) });
  // Once placed, it would make a snapshot that prune cannot read and never removes.
  if (typeof seal === 'string') throw new Error(`${record} is ${seal}: move it away`);
  const present = new Set(await readdir(paths.snapshots));
  // rename(2) never replaces a directory that is not empty, and nothing else creates names here while we hold the lock.
  if (!present.has(id) && (await isRealDirectory(paths.snapshots, partialName(id)))) {
    await rename(join(paths.snapshots, partialName(id)), join(paths.snapshots, id));
    await syncDirectory(paths.snapshots);
  }
  const complete = await isRealDirectory(paths.snapshots, id);
  if (complete && !present.has(sealName(id))) {
    await removeLeftovers(paths.snapshots, present, id);
    await writeFileAtomic(join(paths.snapshots, sealName(id)), text);
    await syncDirectory(paths.snapshots);
  }
  await rm(record, { force: true });
  return complete;
}

/** Removes what writeFileAtomic leaves of a seal when it is killed. */
async function removeLeftovers(directory: string, names: Iterable<string>, id: SnapshotId): Promise<void> {
  for (const name of names) {
    const entry = parseEntryName(name);
    if (entry?.kind === 'unfinished-seal' && entry.id === id && name.endsWith('.tmp'))
      await rm(join(directory, name), { force: true });
  }
}

function claimsOf(seal: StoredSeal): StoredSeal {
  const claims: { -readonly [Key in keyof StoredSeal]: StoredSeal[Key] } = { ...seal };
  delete claims.receipt;
  return claims;
}
