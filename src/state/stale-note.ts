import { rm } from 'node:fs/promises';
import { jobFile, loadJobFile, saveJobFile } from './job-file.ts';
import { isStaleNote } from './validator.ts';

/**
 * Stands while a job is stale and people were told, or are about to be. Written by the freshness check, taken away by
 * the next good run, which tells the recovery.
 */
export interface StaleNote {
  readonly version: 1;
  /** When the check first found it (ISO 8601, UTC). */
  readonly since: string;
  /** When people were last told; null: nobody could be reached yet. */
  readonly lastTold: string | null;
  /** How often they were told. */
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
 * Reads the note; undefined when there is none or it is damaged: then people are told once more, never once too little.
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

/** Takes the note away. @returns the note that stood */
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
