import type { Outcome } from '../shared/outcome.ts';

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
export function interruptionOf(signal: AbortSignal): { outcome: Outcome; reason: string; signal?: NodeJS.Signals } {
  const cause: unknown = signal.reason;
  if (cause instanceof SignalReceived) return { outcome: 'interrupted', reason: cause.message, signal: cause.signal };
  if (cause instanceof DeadlinePassed) return { outcome: 'deadline-exceeded', reason: cause.message };
  return { outcome: 'internal-error', reason: 'aborted without a known reason' };
}
