import { rm, writeFile } from 'node:fs/promises';
import { errorCode } from '../../src/platform/files.ts';
import { isRegularFile, readRegularFile, writeNote } from '../../src/platform/regular-file.ts';
import { discardUnsealed } from '../store/discard.ts';
import { FailedWriteError, flush } from '../store/syncing.ts';
import { jobPathsOf, type GateSettings } from './settings.ts';
import type { JobPaths } from '../store/places.ts';

/*
 * What the disk failed to write can be read from memory until that memory is reused, and the kernel reports the failure
 * only once. So a note is written before we ask, and removed when the answer was good. If it is found, everything
 * unsealed goes into the trash before anything else happens: a later attempt that linked to it would be sealed although
 * the files are not on the disk.
 *
 *   the flush failed     the note stays; what we cannot move away, the next session does
 *   we died in it        the same for this job, because nobody knows whether the kernel reported it. Other jobs get no note
 *   power was cut        nothing is in memory any more, and verification reads what is on the disk
 */

/** What a flush of this job's own writes into the note. What another job was told writes nothing, and is not taken for it. */
const OWN = 'own';

/** Largest size of a note, in bytes. */
const LARGEST_NOTE = 1024;

/**
 * Waits until all is on the disk. Another job of the host may be told meanwhile that the disk did not take everything, and we
 * are not: then its note stands instead of ours.
 * @param wait flushes the file system of a directory
 * @throws FailedWriteError when the disk did not take everything; the note stands then
 */
export async function flushOrDistrust(
  paths: Pick<JobPaths, 'unflushed' | 'snapshots'>,
  wait: (directory: string) => void = flush,
): Promise<void> {
  await writeFile(paths.unflushed, OWN, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    throw errorCode(error) === 'EEXIST' ? new FailedWriteError(TOLD) : error;
  });
  wait(paths.snapshots);
  if ((await readRegularFile(paths.unflushed, LARGEST_NOTE)) !== OWN) throw new FailedWriteError(TOLD);
  await rm(paths.unflushed);
}

const TOLD = 'another job of this host was told of a failed write';

/**
 * What was told of this job's file system may be about another job of the host, which will not be told.
 * @throws Error when a note could not be written, once all the others are
 */
export async function distrustAllJobs(settings: GateSettings): Promise<void> {
  const written = await Promise.allSettled(
    settings.jobs.map(async (job) => writeNote(jobPathsOf(settings, job).unflushed, '')),
  );
  for (const note of written) if (note.status === 'rejected') throw note.reason;
}

/**
 * Clears away what nobody may link to, where the note stands. To be called under the job's lock.
 * @returns the names that were moved into the trash
 * @throws UnfitFileError when something else lies in the place of the note
 */
export async function clearUnflushed(settings: GateSettings, job: string): Promise<string[]> {
  const { snapshots, unflushed } = jobPathsOf(settings, job);
  // Anything that is not a note is no reason to discard an attempt: an administrator has to look.
  if (!(await isRegularFile(unflushed))) return [];
  const discarded = await discardUnsealed(settings.hostRoot, snapshots, job);
  await rm(unflushed);
  return discarded;
}
