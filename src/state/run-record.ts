import type { Outcome } from '../shared/outcome.ts';
import { OUTCOMES } from '../shared/outcome.ts';
import { parseSnapshotId, type SnapshotId } from '../shared/snapshot-id.ts';

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
  readonly mode: 'full' | 'changed';
  readonly algorithm: string;
  readonly durationMs: number;
}

/** Reads one line of the history; undefined if it is damaged or of another version. */
export function parseRunRecord(line: string): RunRecord | undefined {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof data !== 'object' || data === null) return undefined;
  const record = data as Partial<RunRecord>;
  const sound =
    record.version === 1 &&
    [record.run, record.job, record.target, record.started, record.finished, record.reason].every(
      (field) => typeof field === 'string',
    ) &&
    [record.durationMs, record.exitCode, record.attempts, record.files, record.bytes].every(
      (field) => typeof field === 'number',
    ) &&
    [record.started, record.finished].every((time) => !Number.isNaN(Date.parse(time ?? ''))) &&
    typeof record.outcome === 'string' &&
    record.outcome in OUTCOMES &&
    (record.snapshot === null ||
      (typeof record.snapshot === 'string' && parseSnapshotId(record.snapshot) !== undefined)) &&
    Array.isArray(record.warnings);
  return sound ? (record as RunRecord) : undefined;
}
