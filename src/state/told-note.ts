import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../platform/files.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { loadJobFile, saveJobFile } from './job-file.ts';
import { isToldNote } from './validator.ts';

/**
 * What one of our processes leaves when it fails: whether people have been told. Its unit's `OnFailure=` reads it. An exit code says
 * what happened, not whether anybody has heard of it.
 */
export interface ToldNote {
  readonly version: 1;
  readonly exitCode: number;
  /** Whether somebody was reached with every message. */
  readonly told: boolean;
  /** Whether all of it was recorded in the history. */
  readonly recorded: boolean;
}

/** systemd's id of one start of a unit, `INVOCATION_ID` (systemd.exec(5)); it becomes the name of a file. */
const INVOCATION = /^[0-9a-f]{32}$/;

/** Milliseconds after which the note is no longer needed: `OnFailure=` follows at once. */
const LIFETIME = 86_400_000;

/**
 * Writes the note to the first of the directories that is writable.
 * @returns whether it was written
 */
export async function saveToldNote(
  directories: readonly string[],
  invocation: string,
  note: ToldNote,
  now: Date,
): Promise<boolean> {
  if (!INVOCATION.test(invocation)) return false;
  for (const directory of directories) {
    try {
      await sweep(join(directory, 'told'), now);
      await saveJobFile(noteFile(directory, invocation), note);
      return true;
    } catch (error) {
      // Read-only, full, owned by somebody else, or not a file: try the next directory.
      if (errorCode(error) === undefined && !(error instanceof UnfitFileError)) throw error;
    }
  }
  return false;
}

/** Looks for the note of an invocation; undefined if there is none that can be read. */
export async function loadToldNote(directories: readonly string[], invocation: string): Promise<ToldNote | undefined> {
  if (!INVOCATION.test(invocation)) return undefined;
  for (const directory of directories) {
    const note = await loadJobFile<ToldNote>(noteFile(directory, invocation), isToldNote).catch(
      () => 'damaged' as const,
    );
    if (note !== 'missing' && note !== 'damaged') return note;
  }
  return undefined;
}

function noteFile(directory: string, invocation: string): string {
  return join(directory, 'told', `${invocation}.json`);
}

async function sweep(directory: string, now: Date): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats && now.getTime() - stats.mtimeMs > LIFETIME) await rm(path, { force: true });
  }
}
