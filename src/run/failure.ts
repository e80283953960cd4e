import { errorCode, errorMessage } from '../platform/files.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { exitCodeOf, type Fault } from '../shared/outcome.ts';

interface Told {
  readonly reason: string;
  /** What to do; default: the advice of the outcome. */
  readonly advice?: string | undefined;
}

/** Why something ended without success. Only a signal makes it `interrupted`, and then it is named. */
export type Failure =
  (Told & { readonly outcome: Fault }) | (Told & { readonly outcome: 'interrupted'; readonly signal: NodeJS.Signals });

/** The signal behind a failure, if it was one. */
export function signalOf(failure: Failure): NodeJS.Signals | undefined {
  return failure.outcome === 'interrupted' ? failure.signal : undefined;
}

/** The exit code of a failure. */
export function failureCode(failure: Failure): number {
  return exitCodeOf(failure.outcome, signalOf(failure));
}

/** The reason of an abort: a signal came from outside. */
export class SignalReceived extends Error {
  override readonly name = 'SignalReceived';
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.signal = signal;
  }
}

/** The reason of an abort: the job's deadline passed. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/** What an aborted signal means for the run. */
export function interruptionOf(signal: AbortSignal): Failure {
  const cause: unknown = signal.reason;
  if (cause instanceof SignalReceived) return { outcome: 'interrupted', reason: cause.message, signal: cause.signal };
  if (cause instanceof DeadlinePassed) return { outcome: 'deadline-exceeded', reason: cause.message };
  return { outcome: 'internal-error', reason: 'aborted without a known reason' };
}

/** What a thrown exception means: a file system error, a signal, or a bug. */
export function unexpectedFailure(error: unknown, signal: AbortSignal): Failure {
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
