import type { Clock } from '../platform/clock.ts';
import type { Connected } from '../ssh/connection.ts';

/**
 * How long what came of an early handshake is believed, in milliseconds. Idle, a connection is forgotten by NAT and ended
 * by the secondary (`UnusedConnectionTimeout 2m`, as our installer sets it), and a secondary that was down may be back.
 */
const KEEPS_FOR = 20_000;

/** A connection that is begun before anybody knows whether it will be needed. */
export interface EarlyConnection {
  /**
   * Gives a connection to whoever will close it: the first time the early one, once its handshake is over; a fresh one
   * if that is too old or has ended meanwhile, and every later time. An early failure that is not too old is handed on.
   */
  take(): Promise<Connected>;
  /** Ends the handshake or the connection that nobody took. Safe to call at any time; never throws. */
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
  // When it came about or failed. A rejection is for `take` to tell, or for nobody.
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

/** Whether there is anything to hand on: a connection that is still open, or why there is none. */
async function isUsable(early: Promise<Connected>): Promise<boolean> {
  const connected = await early;
  return connected.kind !== 'connected' || connected.connection.isOpen();
}

async function close(early: Promise<Connected>): Promise<void> {
  const connected = await early.catch(() => undefined);
  if (connected?.kind === 'connected') await connected.connection.close();
}
