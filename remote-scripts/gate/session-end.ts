import { errorCode } from '../../src/platform/files.ts';
import type { GateEnd } from '../../src/shared/gate-words.ts';
import { formatDuration } from '../../src/shared/units.ts';
import type { RestrictedEnd } from './restricted-rsync.ts';

/** How the session ended: with rsync's own exit code, or in another way, with words for the sender. */
export type SessionEnd =
  { readonly kind: 'exit'; readonly code: number } | { readonly kind: GateEnd; readonly reason: string };

/** Not let in. @param reason one line, in words for the sender */
export function refused(reason: string): SessionEnd {
  return { kind: 'refused', reason };
}

/** Errors that pass by themselves, so that the sender may try again. */
const PASSING: ReadonlySet<string> = new Set([
  'EAGAIN', // this account cannot start another process now (fork), or flock(1) was interrupted
  'EINTR',
  'EIO', // a disk or file server was away for a moment; if that lasts, the number of attempts is limited
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ESTALE', // a file server has come back
  'ETIMEDOUT',
]);

const FULL = 'no space: this machine is full';

/** What is said of errors after which the log may have no line either. */
const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: 'a disk of the secondary is read-only (after errors?); see the kernel log there',
};

/**
 * What an error in the gate itself means for the sender. Path and message are only for the administrator of this
 * machine.
 * @param letIn whether the session has already left something, at least its id
 * @param log where the administrator reads more
 */
export function failure(error: unknown, { letIn, log }: { readonly letIn: boolean; readonly log: string }): SessionEnd {
  const code = errorCode(error) ?? '';
  if (PASSING.has(code)) return { kind: 'broke', reason: `${code}; see ${log} on the secondary` };
  return { kind: letIn ? 'ended' : 'refused', reason: WORDS[code] ?? `internal error; see ${log} on the secondary` };
}

/**
 * What the end of rsync means for the sender.
 * @param limitMs wall clock that the session had
 */
export function ended(end: RestrictedEnd, limitMs: number): SessionEnd {
  switch (end.kind) {
    case 'exited':
      return { kind: 'exit', code: end.code };
    case 'signalled':
      return {
        kind: 'broke',
        reason: `a process was ended by ${end.signal} on the secondary (is it short of memory?)`,
      };
    case 'stopped':
      return { kind: 'broke', reason: 'the secondary ended the session (is it shutting down?)' };
    case 'too-long':
      return { kind: 'ended', reason: `the session took longer than ${formatDuration(limitMs)} (session_limit)` };
    case 'lingered':
      return { kind: 'broke', reason: 'a process of the session went on after its program had ended, and was ended' };
    case 'silent':
      return { kind: 'broke', reason: end.reason };
    case 'limit':
      return { kind: 'ended', reason: end.reason };
    default:
      return end satisfies never;
  }
}
