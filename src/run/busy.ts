import type { SessionVerdict } from '../rsync/exit.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';

/** First and longest wait between two looks, in milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/**
 * Repeats a session while the secondary serves another one: after a broken line its old server lives on for a while
 * (facts.md#its-own-lock), and that is no reason to give up.
 * @param session starts the session
 * @param verdictOf finds the verdict in what it returned
 * @returns the last result; still `busy` when the time for waiting is over
 */
export async function whileBusy<T>(
  session: () => Promise<T>,
  verdictOf: (result: T) => SessionVerdict,
  spec: Pick<AttemptSpec, 'busyTimeoutMs' | 'signal'>,
  deps: Pick<AttemptDeps, 'clock' | 'observe'>,
): Promise<T> {
  const giveUp = deps.clock.monotonic() + spec.busyTimeoutMs;
  for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 2)) {
    const result = await session();
    const verdict = verdictOf(result);
    if (verdict.kind !== 'busy' || deps.clock.monotonic() + wait > giveUp) return result;
    deps.observe({ event: 'waiting', reason: `the secondary is busy (${verdict.reason})`, ms: wait });
    try {
      await deps.clock.sleep(wait, spec.signal);
    } catch {
      // Aborted while waiting: the next session ends at once and says so.
    }
  }
}
