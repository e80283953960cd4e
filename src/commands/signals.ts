import { SignalReceived } from '../run/failure.ts';

/** Turns signals into aborts. */
export interface SignalAborts {
  /** Aborted by the first signal: end what is running, record it and send the alerts. */
  readonly signal: AbortSignal;
  /** Aborted by the second signal: give up everything else, even alerts. */
  readonly hurry: AbortSignal;
}

/** Listens for SIGTERM, SIGINT and SIGHUP. The listeners do not keep the process alive. */
export function listenForSignals(): SignalAborts {
  const first = new AbortController();
  const second = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (first.signal.aborted) second.abort(new SignalReceived(name));
      else first.abort(new SignalReceived(name));
    });
  }
  return { signal: first.signal, hurry: second.signal };
}
