import { errorCode, errorMessage } from '../platform/files.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import type { Outcome } from '../shared/outcome.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import type { JobState } from '../state/job-state.ts';
import type { TransferFigures, VerificationFigures } from '../state/run-record.ts';
import type { SealedContents } from './attempt-spec.ts';
import { interruptionOf } from './interruption.ts';
import type { SourceSummary } from './source.ts';

/** How a run ended, before it is recorded and reported. Steps that the run did not reach are left out. */
export interface RunEnd {
  readonly outcome: Outcome;
  /** Empty when done. */
  readonly reason: string;
  /** What to do; default: the advice of the outcome. */
  readonly advice?: string;
  /** The signal that ended it, for `interrupted`. */
  readonly signal?: NodeJS.Signals;
  /** The state after the attempts; only a run that holds the lock has it and may write it back. */
  readonly state?: JobState;
  readonly snapshot?: SnapshotId;
  readonly attempts?: number;
  readonly source?: SourceSummary;
  readonly transfer?: TransferFigures;
  readonly verification?: VerificationFigures;
  readonly contents?: SealedContents;
  readonly warnings?: readonly string[];
  /** Every byte of the snapshot was compared, either by a push that distrusted the bases or by a full verification. */
  readonly clearsDistrust?: boolean;
}

/** The end of a run in which an exception was thrown: a file system error, a signal, or a bug. */
export function unexpectedEnd(error: unknown, signal: AbortSignal): RunEnd {
  if (signal.aborted) return interruptionOf(signal);
  if (error instanceof UnfitFileError) return { outcome: 'usage', reason: error.message };
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return {
        outcome: 'usage',
        reason: errorMessage(error),
        advice:
          'Run this as the user who owns state_dir, or set state_dir and runtime_dir to directories that this user can write.',
      };
    case 'ENOSPC':
    case 'EDQUOT':
      // A failed write does not say where.
      return {
        outcome: 'no-space-here',
        reason: `the files of the run cannot be written (${errorMessage(error)})`,
      };
    default:
      return {
        outcome: 'internal-error',
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
  }
}
