import type { Clock } from '../../platform/clock.ts';
import type { Connected } from '../../ssh/connection.ts';

/**
 * How long the result of an early handshake is valid, in milliseconds. NAT forgets an idle connection, and the secondary ends it
 * (our installer sets `UnusedConnectionTimeout 2m`). A secondary that was down may be back.
 */
const KEEPS_FOR = 20_000;

/** A connection that is begun before anybody knows whether it will be needed. */
export interface EarlyConnection {
  /**
   * Gives a connection to a caller, who has to close it. The first call gets the early one, once its handshake is over, or its failure.
   * If either is too old, or the connection has ended meanwhile, the caller gets a new one, and so does every later call.
   */
  take(): Promise<Connected>;
  /** Ends the handshake, or the connection if nobody took it. Safe to call at any time; never throws. */
  discard(): Promise<void>;
}

/**
 * Begins to connect at once.
 * @param open makes one connection; aborting its signal ends it, also in the middle of the handshake
 * @param signal ends every connection made here
 */
export function beginConnection(
  open: (signal: AbortSignal) => Promise<Connected>,
  signal: AbortSignal,
  clock: Pick<Clock, 'monotonic'>,
): EarlyConnection {
  const discarded = new AbortController();
  const either = AbortSignal.any([signal, discarded.signal]);
  const early = open(either);
  // When it succeeded or failed. Only `take` reports a rejection.
  const settledAt = early.then(
    () => clock.monotonic(),
    () => clock.monotonic(),
  );
  let taken = false;
  return {
    take: async () => {
      if (!taken) {
        taken = true;
        const since = await settledAt;
        if (clock.monotonic() - since <= KEEPS_FOR && (await isUsable(early))) return early;
        // Before the fresh one: both would have the same socket.
        await close(early);
      }
      return open(either);
    },
    discard: async () => {
      discarded.abort();
      await close(early);
    },
  };
}

/** Whether there is a result to pass on: a connection that is still open, or the reason why there is none. */
async function isUsable(early: Promise<Connected>): Promise<boolean> {
  const connected = await early;
  return connected.kind !== 'connected' || connected.connection.isOpen();
}

async function close(early: Promise<Connected>): Promise<void> {
  const connected = await early.catch(() => undefined);
  if (connected?.kind === 'connected') await connected.connection.close();
}
