import { rm } from 'node:fs/promises';
import { jobFile, loadJobFile, saveJobFile } from './job-file.ts';
import { isStaleNote } from './validator.ts';

/**
 * Exists while a job is stale and people have been told of it, or are about to be. The freshness check writes it; the next good run
 * removes it and reports the recovery.
 */
export interface StaleNote {
  readonly version: 1;
  /** When the check first found it (ISO 8601, UTC). */
  readonly since: string;
  /** When people were last told; null: nobody could be reached yet. */
  readonly lastTold: string | null;
  /** How many times they were told. */
  readonly told: number;
}

/** Replaces the note of a job and target. */
export async function saveStaleNote(
  stateDirectory: string,
  job: string,
  target: string,
  note: StaleNote,
): Promise<void> {
  await saveJobFile(noteFile(stateDirectory, job, target), note);
}

/**
 * Reads the note; undefined when there is none or it is damaged. Then people are told once too often rather than not at all.
 * @throws NodeJS.ErrnoException when the file exists but cannot be read
 */
export async function loadStaleNote(
  stateDirectory: string,
  job: string,
  target: string,
): Promise<StaleNote | undefined> {
  const note = await loadJobFile<StaleNote>(noteFile(stateDirectory, job, target), isStaleNote);
  return note === 'missing' || note === 'damaged' ? undefined : note;
}

/** Removes the note. @returns the note that was there */
export async function clearStaleNote(
  stateDirectory: string,
  job: string,
  target: string,
): Promise<StaleNote | undefined> {
  const note = await loadStaleNote(stateDirectory, job, target);
  await rm(noteFile(stateDirectory, job, target), { force: true });
  return note;
}

function noteFile(stateDirectory: string, job: string, target: string): string {
  return jobFile(stateDirectory, job, target, 'stale.json');
}
