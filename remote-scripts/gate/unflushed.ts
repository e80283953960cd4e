import { constants } from 'node:fs';
import { lstat, open, rm } from 'node:fs/promises';
import { errorCode } from '../../src/platform/files.ts';
import { isRegularFile, openRegularFile } from '../../src/platform/regular-file.ts';
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
 *
 * While this job flushes, its note is empty. That of another job's failure is not, so the two cannot be confused. Neither takes a block of
 * the disk, so that a full one makes no note that is half written, which would have an attempt thrown away that is in order.
 */

/**
 * Waits until everything is on the disk. Meanwhile the kernel may report a failed write to another job of the host
 * instead of to us. Then that job replaces our note with its own.
 * @param wait flushes the file system of a directory
 * @throws FailedWriteError when the disk did not take everything; the note stays then
 */
export async function flushOrDistrust(
  paths: Pick<JobPaths, 'unflushed' | 'snapshots'>,
  wait: (directory: string) => void | Promise<void> = flush,
): Promise<void> {
  const note = await open(paths.unflushed, 'wx', 0o600).catch((error: unknown) => {
    throw errorCode(error) === 'EEXIST' ? new FailedWriteError(TOLD) : error;
  });
  await note.close();
  await wait(paths.snapshots);
  if ((await lstat(paths.unflushed)).size > 0) throw new FailedWriteError(TOLD);
  await rm(paths.unflushed);
}

const TOLD = 'another job of this host was told of a failed write';

/**
 * Writes the note of every job of the host. The failed write that was reported may be another job's, and that job gets
 * no report.
 * @throws Error when a note could not be written, after all others have been
 */
export async function distrustAllJobs(settings: GateSettings): Promise<void> {
  const written = await Promise.allSettled(
    settings.jobs.map(async (job) => writeNote(jobPathsOf(settings, job).unflushed)),
  );
  for (const note of written) if (note.status === 'rejected') throw note.reason;
}

async function writeNote(path: string): Promise<void> {
  const file = await openRegularFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    await file.truncate(1);
  } finally {
    await file.close();
  }
}

/**
 * If there is a note, moves away what must not be linked to. To be called under the job's lock.
 * @returns the names that were moved into the trash
 * @throws UnfitFileError when something else is in the place of the note
 */
export async function clearUnflushed(settings: GateSettings, job: string): Promise<string[]> {
  const { snapshots, unflushed } = jobPathsOf(settings, job);
  // Anything that is not a note is no reason to discard an attempt: an administrator has to look.
  if (!(await isRegularFile(unflushed))) return [];
  const discarded = await discardUnsealed(settings.hostRoot, snapshots, job);
  await rm(unflushed);
  return discarded;
}
