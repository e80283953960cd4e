import type { Outcome } from '../shared/outcome.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import type { VerifyMode } from '../shared/verify-mode.ts';
import { isRunRecord } from './validator.ts';

/** What is remembered of one run of one job to one target: one line of the history. */
export interface RunRecord {
  readonly version: 1;
  readonly run: string;
  readonly job: string;
  readonly target: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly finished: string;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly exitCode: number;
  /** What went wrong, in words; empty when done. */
  readonly reason: string;
  /** The sealed snapshot; null when there is none. */
  readonly snapshot: SnapshotId | null;
  readonly attempts: number;
  /** The source: regular files and their bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly transfer: TransferFigures | null;
  readonly verification: VerificationFigures | null;
  readonly warnings: readonly string[];
  /** When snapshots were due; null: none was. Runs of earlier versions lack it. */
  readonly expect?: RecordedExpectation | null;
}

/** When snapshots of a job are due, as `expect` of the job says it. */
export interface RecordedExpectation {
  readonly schedule: string;
  readonly timezone: string;
  readonly graceMs: number;
}

/** What the successful push did; counts of regular files and bytes. */
export interface TransferFigures {
  readonly newFiles: number;
  readonly changedFiles: number;
  readonly linkedFiles: number;
  /** Files equal to the basis that the secondary copied because it could not link them. */
  readonly copiedFiles: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly literalBytes: number;
  readonly matchedBytes: number;
  readonly basis: SnapshotId | null;
}

/** How a snapshot was verified. */
export interface VerificationFigures {
  readonly mode: VerifyMode;
  readonly algorithm: string;
  readonly durationMs: number;
}

/** Whether a run means that the backup did not get off-site. A second run at the same time does nothing, so only the first counts. */
export function isFailure({ outcome }: Pick<RunRecord, 'outcome'>): boolean {
  return outcome !== 'done' && outcome !== 'locked';
}

/** Reads one line of the history; undefined if it is damaged, of another version, or does not match the schema (schema.ts). */
export function parseRunRecord(line: string): RunRecord | undefined {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isRunRecord(data) ? (data as RunRecord) : undefined;
}
