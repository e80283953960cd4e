import { rm } from 'node:fs/promises';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import { jobFile, loadJobFile, saveJobFile } from './job-file.ts';
import { isDamageNote } from './validator.ts';

/** A sealed snapshot in which a verification found damage. */
export interface DamagedSnapshot {
  readonly snapshot: SnapshotId;
  /** When it was first found (ISO 8601, UTC). */
  readonly found: string;
  /** What was found, in a line. */
  readonly reason: string;
}

/**
 * The damaged snapshots of a job on a target. Later runs seal good snapshots and do not mention the damaged ones, so they are remembered
 * until a verification finds each of them intact or gone.
 */
export interface DamageNote {
  readonly version: 1;
  readonly snapshots: readonly DamagedSnapshot[];
}

/**
 * Number of snapshots that are remembered (the oldest findings are dropped), and the longest reason of each (in UTF-16 units). With these
 * the file stays far below the size that is read.
 */
const REMEMBERED = 200;
const LONGEST_REASON = 500;

/**
 * The known damaged snapshots, oldest finding first; none when there is no note.
 * @throws Error when the note is invalid, so that it is not known what is damaged
 */
export async function loadDamage(
  stateDirectory: string,
  job: string,
  target: string,
): Promise<readonly DamagedSnapshot[]> {
  const file = noteFile(stateDirectory, job, target);
  const note = await loadJobFile<DamageNote>(file, isDamageNote);
  if (note === 'damaged') {
    throw new Error(`${file} is damaged: move it away, and verify the snapshots that you want to keep`);
  }
  return note === 'missing' ? [] : note.snapshots;
}

/** Remembers a finding. The time of a snapshot's first finding is kept. */
export async function rememberDamage(
  stateDirectory: string,
  job: string,
  target: string,
  finding: DamagedSnapshot,
): Promise<void> {
  const known = await loadDamage(stateDirectory, job, target);
  const before = known.find(({ snapshot }) => snapshot === finding.snapshot);
  const others = known.filter(({ snapshot }) => snapshot !== finding.snapshot);
  const reason = finding.reason.slice(0, LONGEST_REASON);
  const snapshots = [...others, { ...finding, reason, found: before?.found ?? finding.found }].slice(-REMEMBERED);
  await saveJobFile(noteFile(stateDirectory, job, target), { version: 1, snapshots } satisfies DamageNote);
}

/** Forgets a snapshot that was found intact or gone. */
export async function forgetDamage(
  stateDirectory: string,
  job: string,
  target: string,
  snapshot: SnapshotId,
): Promise<void> {
  const known = await loadDamage(stateDirectory, job, target);
  const others = known.filter((finding) => finding.snapshot !== snapshot);
  if (others.length === known.length) return;
  const file = noteFile(stateDirectory, job, target);
  if (others.length === 0) await rm(file, { force: true });
  else await saveJobFile(file, { version: 1, snapshots: others } satisfies DamageNote);
}

function noteFile(stateDirectory: string, job: string, target: string): string {
  return jobFile(stateDirectory, job, target, 'damage.json');
}
