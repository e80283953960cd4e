import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { DamageEntry } from '../store/damage.ts';
import type { FinishedCycle } from '../store/scrub-state.ts';

/** What `offsite-scrub` prints with `--json`; see remote-scripts/commands/json-output.ts. */
export interface ScrubOutputs {
  /** What was made, read and found. */
  readonly 'offsite-scrub HOST --json': ScrubReport;
  /** What is known to be damaged. */
  readonly 'offsite-scrub HOST --list --json': DamageReport;
}

export interface ScrubReport {
  readonly version: 1;
  readonly host: string;
  readonly at: string;
  readonly jobs: readonly ScrubbedJobData[];
}

/** What came of one job. */
export interface ScrubbedJobData {
  readonly job: string;
  /** What was read now. */
  readonly read: { readonly files: number; readonly bytes: number };
  /** Manifests that were made now: why there is no earlier one any more, and entries whose modes keep this account out. */
  readonly manifests: readonly {
    readonly id: SnapshotId;
    readonly replaces: string | null;
    readonly keptOut: number;
  }[];
  /** Snapshots whose names were compared with their manifests. */
  readonly namesChecked: number;
  /** Whether the cycle has come to its end. */
  readonly finished: boolean;
  /** Whether its cycle should have ended before. */
  readonly isBehind: boolean;
  /** The present cycle; `done` is from 0 to 1. */
  readonly cycle: { readonly startedAt: string; readonly done: number } | null;
  /** The last cycle that was complete. */
  readonly last: FinishedCycle | null;
  /** All that is known to be damaged, from before too. */
  readonly damage: readonly DamageEntry[];
  /** Damaged files that found no place in the record. */
  readonly omitted: number;
  /** What could not be done, in words. */
  readonly failures: readonly string[];
}

export interface DamageReport {
  readonly version: 1;
  readonly host: string;
  readonly jobs: readonly {
    readonly job: string;
    readonly damage: readonly DamageEntry[];
    /** Damaged files that found no place in the record. */
    readonly omitted: number;
  }[];
}
