import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, makePrivateDirectory, writeFileAtomic } from '../platform/files.ts';
import { OUTCOMES, type Outcome } from '../shared/outcome.ts';
import { parseSnapshotId, type SnapshotId } from '../shared/snapshot-id.ts';

/**
 * What the last verification by an administrator or timer showed. A file of its own: a verification may end while a run
 * holds the state, and neither may undo what the other has written.
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
  await makePrivateDirectory(join(stateDirectory, 'jobs'));
  await writeFileAtomic(noteFile(stateDirectory, job, target), `${JSON.stringify(note)}\n`);
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
  try {
    return parse(await readFile(noteFile(stateDirectory, job, target), 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function parse(text: string): VerificationNote | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof data !== 'object' || data === null) return undefined;
  const { version, snapshot, at, outcome, durationMs } = data as Record<keyof VerificationNote, unknown>;
  const id = typeof snapshot === 'string' ? parseSnapshotId(snapshot) : undefined;
  if (version !== 1 || id === undefined || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined;
  if (typeof outcome !== 'string' || !(outcome in OUTCOMES) || typeof durationMs !== 'number') return undefined;
  return { version: 1, snapshot: id, at, outcome: outcome as Outcome, durationMs };
}

function noteFile(stateDirectory: string, job: string, target: string): string {
  return join(stateDirectory, 'jobs', `${job}@${target}.verified.json`);
}
