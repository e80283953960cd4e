import type { SnapshotId } from '../shared/snapshot-id.ts';
import type { JobState } from '../state/job-state.ts';
import type { TransferFigures, VerificationFigures } from '../state/run-record.ts';
import type { SealedContents } from './attempt/attempt-spec.ts';
import type { Failure } from './failure.ts';
import type { SourceSummary } from './source/read-source.ts';

/** How a run ended, before it is recorded and reported. */
export type RunEnd = SecuredRun | UnlockedRun | UnsentRun | UnsecuredRun;

/** The backup is off-site: sent, verified and sealed. */
export interface SecuredRun extends LockedEnd {
  readonly kind: 'secured';
  readonly snapshot: SnapshotId;
  readonly attempts: number;
  readonly source: SourceSummary;
  readonly transfer: TransferFigures;
  readonly verification: VerificationFigures;
  readonly contents: SealedContents;
  /** Every byte of the snapshot was compared, either by a push that distrusted the bases or by a full verification. */
  readonly clearsDistrust: boolean;
}

/** The run did not get the lock, or could not read the state, which it must not write. */
export interface UnlockedRun {
  readonly kind: 'unlocked';
  readonly why: Failure;
}

/** The run ended before its first attempt. */
export interface UnsentRun extends LockedEnd {
  readonly kind: 'unsent';
  readonly why: Failure;
  /** Undefined if the source was not walked to its end. */
  readonly source: SourceSummary | undefined;
}

/** None of the attempts was sealed. */
export interface UnsecuredRun extends LockedEnd {
  readonly kind: 'unsecured';
  readonly why: Failure;
  readonly attempts: number;
  readonly source: SourceSummary;
}

interface LockedEnd {
  /** The state after the attempts. */
  readonly state: JobState;
  readonly warnings: readonly string[];
}
