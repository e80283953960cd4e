import type { Left, SessionVerdict } from '../rsync/exit.ts';
import type { SessionResult } from '../rsync/session.ts';
import type { Outcome } from '../shared/outcome.ts';
import { interruptionOf } from './interruption.ts';

/** Why something ended early. */
export interface EarlyEnd {
  readonly outcome: Outcome;
  readonly reason: string;
  /** The signal that ended it, for `interrupted`. */
  readonly signal?: NodeJS.Signals;
  /** What to do; default: the advice of the outcome. */
  readonly advice?: string;
}

/** What a failed session means for the run. */
export function sessionEnd(verdict: SessionVerdict, signal: AbortSignal): EarlyEnd & { readonly left: Left } {
  switch (verdict.kind) {
    case 'aborted': {
      const interruption = interruptionOf(signal);
      const told = verdict.trouble === undefined ? '' : ` (rsync had told of: ${verdict.trouble})`;
      return { ...interruption, reason: `${interruption.reason}${told}`, left: 'perhaps' };
    }
    case 'busy':
      return { outcome: 'refused', reason: `still busy: ${verdict.reason}`, left: 'nothing' };
    case 'failed':
      return {
        outcome: verdict.outcome,
        reason: verdict.reason,
        left: verdict.left,
        ...(verdict.advice === undefined ? {} : { advice: verdict.advice }),
      };
    case 'ok':
      return { outcome: 'internal-error', reason: 'a session that ended well was judged a failure', left: 'perhaps' };
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
