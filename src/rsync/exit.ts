import type { ProcessEnd } from '../platform/process.ts';
import { parseGateLine, TOO_MANY_NAMES } from '../shared/gate-words.ts';
import { withShortNames } from '../shared/long-names.ts';
import type { Fault } from '../shared/outcome.ts';
import { formatDuration } from '../shared/units.ts';
import { EXIT, NEVER_STARTED, WORDS, type Left } from './exit-tables.ts';
import { displayName } from './itemized.ts';

/** What the end of one rsync session means for the run. */
export type SessionVerdict =
  | { readonly kind: 'ok' }
  /** The secondary is still serving another session, perhaps our own broken one. Wait and try again. */
  | { readonly kind: 'busy'; readonly reason: string }
  /** We ended it ourselves (signal, deadline); the caller knows why. `trouble`: files that it had reported by then. */
  | { readonly kind: 'aborted'; readonly trouble?: string }
  | {
      readonly kind: 'failed';
      readonly outcome: Fault;
      readonly reason: string;
      readonly left: Left;
      /** What to do, if the outcome's own advice does not fit. */
      readonly advice?: string;
      /** A file there has as many names as its file system allows, so nothing more can be linked to it. */
      readonly crowded?: boolean;
    };

/** Messages of rsync's sender about files in the source that could not be sent. */
const SOURCE_TROUBLE =
  /rsync: (?:\[sender\] )?((?:send_files failed to open|opendir|readlink_stat|link_stat|read errors mapping|change_dir).*)|(file has vanished: .*)/;

/** Longest list of files in a reason. */
const NAMED_FILES = 5;

/**
 * Interprets the end of an rsync session.
 * @param end how the process ended, with the last lines of its standard error
 * @param last the file that it named last, as rsync wrote it
 */
export function judgeSession(end: ProcessEnd, last?: string): SessionVerdict {
  const verdict = judgeEnd(end, last);
  if ('reason' in verdict) return { ...verdict, reason: withShortNames(verdict.reason) };
  return 'trouble' in verdict ? { ...verdict, trouble: withShortNames(verdict.trouble) } : verdict;
}

function judgeEnd(end: ProcessEnd, last?: string): SessionVerdict {
  switch (end.kind) {
    case 'not-started':
      return {
        kind: 'failed',
        outcome: 'usage',
        left: 'nothing',
        reason: `rsync cannot be started here (${end.cause.message}). Install it: apt-get install rsync openssh-client`,
      };
    case 'aborted': {
      const trouble = filesInTrouble(end.stderrTail);
      return trouble === undefined ? { kind: 'aborted' } : { kind: 'aborted', trouble };
    }
    case 'stalled':
      return stalled(end, last);
    case 'timed-out':
      return failed('connection-lost', 'the session took too long', end.stderrTail);
    case 'signalled':
      return failed('connection-lost', `rsync was ended by ${end.signal} from outside`, end.stderrTail);
    case 'exited':
      return end.code === 0 ? { kind: 'ok' } : judgeExit(end.code, end.stderrTail);
    default:
      return end satisfies never;
  }
}

/** If files could not be read, they are the known cause: rsync can wait for ever for one of them. */
function stalled({ afterMs, stderrTail }: Extract<ProcessEnd, { kind: 'stalled' }>, last?: string): SessionVerdict {
  const still = `nothing moved for ${formatDuration(afterMs)}`;
  const named = last === undefined ? 'no file had been named' : `the last file named was ${displayName(last)}`;
  const trouble = filesInTrouble(stderrTail);
  const reason = `${still}; ${named}`;
  return trouble === undefined
    ? failed('connection-lost', reason, stderrTail)
    : { kind: 'failed', outcome: 'incomplete', reason: `${trouble} (then ${reason})`, left: 'perhaps' };
}

function judgeExit(code: number, stderr: string): SessionVerdict {
  const gate = judgeGateLine(stderr);
  if (gate !== undefined) return gate;
  for (const { pattern, meaning, left = 'perhaps', says, advice, crowded = false } of WORDS) {
    const said = pattern.exec(stderr)?.[1];
    if (said === undefined) continue;
    const reason = says === undefined ? said : `${says} (rsync: ${said})`;
    if (meaning === 'busy') return { kind: 'busy', reason };
    const more = { ...(advice === undefined ? {} : { advice }), ...(crowded ? { crowded } : {}) };
    return { kind: 'failed', outcome: meaning, reason, left, ...more };
  }
  const row = EXIT[code];
  const signal = row ? undefined : signalBehind(code);
  if (signal !== undefined) {
    return failed('connection-lost', `the secondary’s rsync was ended by signal ${signal}`, stderr, code);
  }
  if (!row) return failed('internal-error', `rsync ended with the unknown exit code ${code}`, stderr);
  const [outcome, meaning] = row;
  return failed(outcome, meaning, stderr, code);
}

const SOURCE_ALONE = 'the source alone has too many names of a file for the secondary (ext4: 65,000)';
const FEWER_NAMES =
  'Exclude some of the names of that file, or keep the snapshots on a file system that allows more (XFS).';

/** What the gate's own line means. It takes precedence, because the gate knows more than rsync. */
function judgeGateLine(stderr: string): SessionVerdict | undefined {
  const line = parseGateLine(stderr);
  if (line === undefined) return undefined;
  const { end, reason } = line;
  if (end === 'refused' && /^busy\b/.test(reason)) return { kind: 'busy', reason };
  const full = /^(?:secondary full|no space)/.test(reason);
  if (end === 'ended' && reason === TOO_MANY_NAMES)
    return {
      kind: 'failed',
      outcome: 'incomplete',
      reason: `${SOURCE_ALONE} (${reason})`,
      advice: FEWER_NAMES,
      left: 'perhaps',
    };
  switch (end) {
    case 'refused':
      return { kind: 'failed', outcome: full ? 'secondary-full' : 'refused', reason, left: 'nothing' };
    case 'ended':
      return { kind: 'failed', outcome: full ? 'secondary-full' : 'refused', reason, left: 'perhaps' };
    case 'broke':
      return { kind: 'failed', outcome: 'connection-lost', reason, left: 'perhaps' };
    default:
      return end satisfies never;
  }
}

/**
 * The signal that ended the server, by the exit code that ssh passes on: 128+n from a shell, 256-n from rrsync (it is
 * written in Python, which counts a child killed by signal n as -n). Both seen with `kill -9` of the server.
 */
function signalBehind(code: number): number | undefined {
  if (code > 128 && code < 160) return code - 128;
  return code > 224 && code < 255 ? 256 - code : undefined;
}

function failed(outcome: Fault, meaning: string, stderr: string, code?: number): SessionVerdict {
  const said = details(stderr);
  const number = code === undefined ? '' : ` (rsync exit ${code})`;
  const reason = `${meaning}${number}${said === '' ? '' : `: ${said}`}`;
  return {
    kind: 'failed',
    outcome,
    reason,
    left: code !== undefined && NEVER_STARTED.has(code) ? 'nothing' : 'perhaps',
  };
}

/** The useful lines of standard error: those that name problem files, or else the first line that is no summary. */
function details(stderr: string): string {
  const files = filesInTrouble(stderr);
  if (files !== undefined) return files;
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const [first] = lines.filter((line) => !/^rsync (?:error|warning): /.test(line));
  return (first ?? lines[0] ?? '').replace(/^rsync: (?:\[\w+\] )?/, '');
}

/** What rsync said about files in the source that could not be sent, in one line; undefined if it said nothing about them. */
function filesInTrouble(stderr: string): string | undefined {
  const files = stderr.split('\n').flatMap((line) => {
    const match = SOURCE_TROUBLE.exec(line);
    return match ? [match[1] ?? match[2] ?? ''] : [];
  });
  if (files.length === 0) return undefined;
  const more = files.length > NAMED_FILES ? `; and ${files.length - NAMED_FILES} more` : '';
  return `${files.slice(0, NAMED_FILES).join('; ')}${more}`;
}
