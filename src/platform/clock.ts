import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, as a parameter: the rest of the house has no other (the linter knows). */
export interface Clock {
  /** The present wall-clock time. */
  now(): Date;
  /** Milliseconds that only ever grow, for measuring durations. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number from 0 (inclusive) to 1 (exclusive), for jitter. */
  random(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
  random: () => Math.random(),
};
