import type { Outcome } from '../shared/outcome.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import { jobFile, loadJobFile, saveJobFile } from './job-file.ts';
import { isVerificationNote } from './validator.ts';

/**
 * The result of the last verification by an administrator or timer. It is a file of its own because a verification may end while a run
 * holds the state, and neither may overwrite what the other has written.
 */
export interface VerificationNote {
  readonly version: 1;
  readonly snapshot: SnapshotId;
  /** When it ended (ISO 8601, UTC). */
  readonly at: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

/** Replaces the note of a job and target. */
export async function saveVerification(
  stateDirectory: string,
  job: string,
  target: string,
  note: VerificationNote,
): Promise<void> {
  await saveJobFile(noteFile(stateDirectory, job, target), note);
}

/**
 * Reads the note; undefined when there is none or it is damaged.
 * @throws NodeJS.ErrnoException when the file exists but cannot be read
 */
export async function loadVerification(
  stateDirectory: string,
  job: string,
  target: string,
): Promise<VerificationNote | undefined> {
  const note = await loadJobFile<VerificationNote>(noteFile(stateDirectory, job, target), isVerificationNote);
  return note === 'missing' || note === 'damaged' ? undefined : note;
}

function noteFile(stateDirectory: string, job: string, target: string): string {
  return jobFile(stateDirectory, job, target, 'verified.json');
}
