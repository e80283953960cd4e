import type { Condition, Standing } from '../../insight/standing.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { Freshness } from '../../shared/schedule.ts';
import type { VerifyMode } from '../../shared/verify-mode.ts';
import type { DamagedSnapshot } from '../../state/damage.ts';
import type { FailingState, SealedSnapshot } from '../../state/job-state.ts';
import type { LockHolder } from '../../state/run-lock.ts';

/** How the jobs of a host stand, for programs. */
export interface StatusReport {
  readonly version: 1;
  /** The name of this host. */
  readonly host: string;
  /** When this was found. */
  readonly at: string;
  readonly exitCode: number;
  readonly jobs: readonly PlainStanding[];
  readonly warnings: readonly string[];
}

/** How one job stands on one target; null for what is not known. */
export interface PlainStanding {
  readonly job: string;
  readonly target: string;
  readonly condition: Condition;
  /** Whether a due snapshot is missing, or may be. */
  readonly stale: boolean;
  /** What is wrong, in words; empty when secured. */
  readonly why: string;
  /** The newest sealed snapshot. */
  readonly sealed: SealedSnapshot | null;
  /** How old its data is; negative when it lies in the future. */
  readonly ageMs: number | null;
  /** Whether a snapshot is due; null without `expect`. */
  readonly freshness: {
    readonly state: Freshness['state'];
    readonly lastDue: string;
    readonly nextDue: string;
    readonly deadline: string;
    readonly overdueBy: number;
  } | null;
  /** Bytes that the newest good run sent. */
  readonly sentBytes: number | null;
  readonly lastRun: { readonly finished: string; readonly outcome: Outcome; readonly exitCode: number } | null;
  /** The last time stored bytes were compared with the source; `scope`: what of them. */
  readonly lastVerification: { readonly at: string; readonly scope: VerifyMode; readonly outcome: Outcome } | null;
  readonly lastFailure: { readonly finished: string; readonly outcome: Outcome; readonly reason: string } | null;
  /** Since when runs fail, and how many. */
  readonly failing: FailingState | null;
  /** Snapshots that were found damaged and have not since been found intact or gone. */
  readonly damaged: readonly DamagedSnapshot[];
  /** The run that is going on at this moment. */
  readonly running: LockHolder | null;
}

/**
 * A standing for programs: times in ISO 8601, durations in milliseconds, sizes in bytes; null for what is not known.
 */
export function plainStanding(standing: Standing): PlainStanding {
  const {
    job,
    target,
    condition,
    stale,
    why,
    sealed,
    ageMs,
    freshness,
    lastRun,
    lastSuccess,
    lastFailure,
    failing,
    verified,
    damaged,
    running,
  } = standing;
  return {
    job,
    target,
    condition,
    stale,
    why,
    sealed,
    ageMs: ageMs ?? null,
    freshness: freshness
      ? {
          state: freshness.state,
          lastDue: freshness.lastDue.toISOString(),
          nextDue: freshness.nextDue.toISOString(),
          deadline: freshness.deadline.toISOString(),
          overdueBy: freshness.overdueBy,
        }
      : null,
    sentBytes: lastSuccess?.transfer?.sentBytes ?? null,
    lastRun: lastRun ? { finished: lastRun.finished, outcome: lastRun.outcome, exitCode: lastRun.exitCode } : null,
    lastVerification: verified ? { ...verified, at: verified.at.toISOString() } : null,
    lastFailure: lastFailure
      ? { finished: lastFailure.finished, outcome: lastFailure.outcome, reason: lastFailure.reason }
      : null,
    failing,
    damaged,
    running: running ?? null,
  };
}
