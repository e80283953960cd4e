import type { SessionVerdict } from '../../rsync/exit.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';

/** First and longest wait between two tries, in milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/**
 * Repeats a session while the secondary serves another one. After a connection broke, the old server lives on for a while
 * (facts.md#its-own-lock), which is no reason to give up.
 * @param session starts the session
 * @param verdictOf extracts the verdict from its result
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
      // Aborted while waiting: the next session ends at once and reports it.
    }
  }
}
