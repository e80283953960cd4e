import type { SessionVerdict } from '../../rsync/exit.ts';
import type { Left } from '../../rsync/exit-tables.ts';
import type { SessionResult } from '../../rsync/session.ts';
import { interruptionOf, type Failure } from '../failure.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import type { Secondary } from '../../rsync/answered-by.ts';
import type { Wire } from '../../rsync/arguments.ts';

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

/** What to do if one kind is configured and the other answers. */
const ADVICE: Readonly<Record<Secondary, string>> = {
  gate: 'but plain rrsync answers there. Install the gate on it and let this host in (offsite-secondary add-host HOST --key FILE.pub), or write `secondary: rrsync`, which is not append-only',
  rrsync: 'but the gate answers there: leave that line out',
};

/**
 * Detects that what answered is not what the configuration says.
 * @param answered what the session's output showed; undefined if nothing
 * @returns the reason, with the key to correct, or undefined
 */
export function wrongSecondary(
  { alias, secondary }: Pick<Wire, 'alias' | 'secondary'>,
  answered: Secondary | undefined,
): string | undefined {
  return answered === undefined || answered === secondary
    ? undefined
    : `the target ${alias} says \`secondary: ${secondary}\`, ${ADVICE[secondary]}`;
}

/** What a session that did not end well means for the run. */
export function sessionFailure(verdict: SessionVerdict, signal: AbortSignal): { why: Failure; left: Left } {
  switch (verdict.kind) {
    case 'aborted': {
      const interruption = interruptionOf(signal);
      const told = verdict.trouble === undefined ? '' : ` (rsync had told of: ${verdict.trouble})`;
      return { why: { ...interruption, reason: `${interruption.reason}${told}` }, left: 'perhaps' };
    }
    case 'busy':
      return { why: { outcome: 'refused', reason: `still busy: ${verdict.reason}` }, left: 'nothing' };
    case 'failed': {
      const { outcome, reason, advice, left } = verdict;
      return { why: { outcome, reason, advice }, left };
    }
    case 'ok': {
      const reason = 'a session that ended well was judged a failure';
      return { why: { outcome: 'internal-error', reason }, left: 'perhaps' };
    }
    default:
      return verdict satisfies never;
  }
}

/** The verdict of the session behind a verification or canary. */
export function sessionVerdict(
  result: { readonly kind: string } | { readonly kind: 'session-failed'; readonly session: SessionResult },
): SessionVerdict {
  return 'session' in result ? result.session.verdict : { kind: 'ok' };
}
