import { errorCode, errorMessage } from '../platform/files.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { ownValue } from '../shared/lookup.ts';
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

const WRITABLE =
  'Run this as the user who owns state_dir, or set state_dir and runtime_dir to directories that this user can write.';
const READ_ONLY =
  'Mount that file system writable (dmesg says why it is not), or name directories elsewhere: state_dir, runtime_dir, TMPDIR.';
const FAILING = 'A disk of this host, or a connection to one, fails: see dmesg. No snapshot is lost.';

/** What errors of this host's disks mean, by their `errno` names. Without `advice`, that of the outcome is good. */
const DISK_FAULTS: Readonly<Record<string, { readonly outcome: Fault; readonly advice?: string }>> = {
  EACCES: { outcome: 'usage', advice: WRITABLE },
  EPERM: { outcome: 'usage', advice: WRITABLE },
  EROFS: { outcome: 'usage', advice: READ_ONLY },
  ENOSPC: { outcome: 'no-space-here' },
  EDQUOT: { outcome: 'no-space-here' },
  // There is no outcome for a disk that breaks. At least it is not called a bug.
  EIO: { outcome: 'internal-error', advice: FAILING },
  ESTALE: { outcome: 'internal-error', advice: FAILING },
};

/**
 * What an error of the file system means, for everything that is written on this host: a run and any other command.
 * @returns undefined if it is another kind of error
 */
export function diskFault(error: unknown): Failure | undefined {
  if (error instanceof UnfitFileError) return { outcome: 'usage', reason: error.message };
  const fault = ownValue(DISK_FAULTS, errorCode(error) ?? '');
  return fault && { ...fault, reason: errorMessage(error) };
}

/** What a thrown exception means: a file system error, a signal, or a bug. */
export function unexpectedFailure(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) return interruptionOf(signal);
  const fault = diskFault(error);
  // A failed write does not say where.
  if (fault?.outcome === 'no-space-here')
    return { ...fault, reason: `the files of the run cannot be written (${fault.reason})` };
  return (
    fault ?? {
      outcome: 'internal-error',
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  );
}
