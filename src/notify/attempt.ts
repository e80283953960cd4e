import { errorMessage } from '../platform/files.ts';
import { formatDuration } from '../shared/units.ts';
import { failedForNow, refused, type SendResult } from './channel.ts';

/**
 * Makes one attempt, and stops waiting when the time is up or `outer` is aborted, whatever the channel does. The
 * attempt's own signal is aborted then. Never rejects.
 *
 * Uses a real timer instead of the Clock: a server that hangs does so in real time.
 * @param timeoutMs milliseconds for the attempt
 */
export async function attemptWithin(
  timeoutMs: number,
  outer: AbortSignal,
  send: (signal: AbortSignal) => Promise<SendResult>,
): Promise<SendResult> {
  if (outer.aborted) return CUT_SHORT;
  const attempt = new AbortController();
  let stopWaiting: (result: SendResult) => void = () => undefined;
  const givenUp = new Promise<SendResult>((resolve) => (stopWaiting = resolve));
  const giveUp = (result: SendResult) => {
    stopWaiting(result); // first, or the error that the abort causes would be the reason
    attempt.abort();
  };
  const timer = setTimeout(() => giveUp(failedForNow(`no answer within ${formatDuration(timeoutMs)}`)), timeoutMs);
  const onAbort = () => giveUp(CUT_SHORT);
  outer.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([givenUp, send(attempt.signal)]);
  } catch (error) {
    return refused(errorMessage(error));
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', onAbort);
  }
}

const CUT_SHORT: SendResult = refused('given up: there was no more time for it');
