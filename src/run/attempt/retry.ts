import type { RetrySettings } from '../../config/settings.ts';
import { OUTCOMES, type Outcome } from '../../shared/outcome.ts';

/** Share of a delay that is random, so that many primaries do not come back at the same moment. */
const JITTER = 0.5;

/**
 * Decides whether to try again.
 * @param made attempts made so far, at least 1
 * @param random from 0 (inclusive) to 1 (exclusive)
 * @returns milliseconds to wait before the next attempt, or undefined: give up
 */
export function nextAttemptDelay(
  outcome: Outcome,
  made: number,
  retry: RetrySettings,
  random: number,
): number | undefined {
  if (!OUTCOMES[outcome].retried || made >= retry.attempts) return undefined;
  const full = Math.min(retry.maxDelayMs, retry.delayMs * 2 ** (made - 1));
  return Math.round(full * (1 - JITTER * random));
}
