import type { ProcessEnd } from '../platform/process.ts';
import { parseGateLine } from '../shared/gate-words.ts';
import { withShortNames } from '../shared/long-names.ts';
import type { Fault } from '../shared/outcome.ts';
import { formatDuration } from '../shared/units.ts';
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

/**
 * What a session may have left on the secondary. `nothing`: it was not let in, so not even its id is used up there.
 * `perhaps`: that is unknown, so its id must never be used again.
 */
export type Left = 'nothing' | 'perhaps';

/** rsync's exit codes (rsync(1), EXIT VALUES), and those of ssh and the remote shell that it passes on. */
const EXIT: Readonly<Record<number, readonly [Fault, string]>> = {
  1: ['internal-error', 'rsync did not accept its options'],
  2: ['refused', 'the two rsyncs have no protocol in common'],
  3: ['refused', 'the secondary could not enter the directory'],
  4: ['refused', 'the secondary’s rsync does not support what was asked'],
  5: ['connection-lost', 'the session did not start'],
  10: ['connection-lost', 'the connection broke'],
  11: ['incomplete', 'file error'],
  12: ['connection-lost', 'the protocol stream broke'], // nearly always the connection, or a server that was killed
  13: ['internal-error', 'rsync could not report'],
  14: ['internal-error', 'rsync could not talk to its own processes'],
  // 15, 16 and 19 are in no manual (rsync 3.5.0, errcode.h): one of its processes reports so that another one died.
  15: ['connection-lost', 'a process of rsync crashed'],
  16: ['connection-lost', 'a process of rsync was ended from outside'],
  19: ['connection-lost', 'rsync was ended by a signal from outside'],
  20: ['connection-lost', 'rsync was ended by a signal from outside'],
  21: ['internal-error', 'rsync lost a child process'],
  22: ['internal-error', 'rsync ran out of memory'],
  23: ['incomplete', 'not everything could be transferred'],
  24: ['incomplete', 'files vanished while they were read: the source is live'],
  30: ['connection-lost', 'no data came for too long'],
  35: ['connection-lost', 'no answer came for too long'],
  126: ['refused', 'the secondary cannot start rsync or its wrapper'],
  127: ['refused', 'the secondary has no rsync or wrapper where the account expects it'],
  255: ['connection-lost', 'ssh ended'],
};

/** Codes of a shell that could not find rsync or its wrapper. */
const NEVER_STARTED: ReadonlySet<number> = new Set([126, 127]);

/** Text on standard error that says more than the exit code. */
interface WordsRow {
  readonly pattern: RegExp;
  readonly meaning: Fault | 'busy';
  /** Default: perhaps. Nothing, if the text is written before rsync has begun on the secondary. */
  readonly left?: Left;
  /** What the text means, if it does not say so itself. */
  readonly says?: string;
  /** What to do, if the advice of `meaning` does not fit. */
  readonly advice?: string;
  readonly crowded?: boolean;
}

/** The last line of a Python program that crashed, such as rrsync. */
const TRACEBACK = /^Traceback \(most recent call last\):\n(?:.*\n)*?/.source;

/** The first row that matches wins. */
const WORDS: readonly WordsRow[] = [
  { pattern: /(Another instance of rrsync is already accessing this directory)/, meaning: 'busy' }, // facts.md#its-own-lock
  { pattern: /^\S*rrsync error: (.*)/m, meaning: 'refused', left: 'nothing' },
  // Out of memory or processes for a moment (errno 11 and 12).
  {
    pattern: new RegExp(`${TRACEBACK}(MemoryError.*|\\w+Error: \\[Errno 1[12]\\] .*)`, 'm'),
    meaning: 'connection-lost',
  },
  { pattern: /(.*(?:[Cc]annot fork|\bfork: ).*)/, meaning: 'connection-lost' },
  // rrsync does not handle a missing root or a missing rsync; the last line of Python's traceback says which it is.
  { pattern: new RegExp(`${TRACEBACK}(\\w+Error: .*)`, 'm'), meaning: 'refused', left: 'nothing' },
  // rsync then copies a file that has one name. For a file with several names (-H) it gives up in the middle of them.
  {
    pattern: /^rsync: \[generator\] (link .* failed: Too many links \(\d+\))/m,
    meaning: 'incomplete',
    says: 'a file with hard links has as many names on the secondary as its file system allows (ext4: 65,000 in all snapshots together), so the next attempt begins a new one; if none gets through, the source alone has too many names of it',
    advice:
      'Run again: each attempt begins a new file there. If none gets through, exclude some of the names of that file, or keep the snapshots on a file system that allows more (XFS).',
    crowded: true,
  },
  {
    pattern: /^rsync: \[generator\] (.*mkdir .* failed: Too many links \(\d+\))/m,
    meaning: 'incomplete',
    says: 'a directory has as many directories in it as the secondary’s file system allows (ext3: 32,000)',
    advice:
      'Exclude some of these directories, or keep the snapshots on a file system that allows more (ext4 with dir_nlink, XFS).',
  },
  // ext4 also says "No space left" if an xattr does not fit into its block. If that is said about nothing but ACLs, the disk is not full.
  {
    pattern:
      /^(?![^]*rsync: \[\w+\] (?!set_xattr_acl)[^\n]*: No space left)[^]*?rsync: (?:\[\w+\] )?(set_xattr_acl: .*: No space left on device \(\d+\).*)/,
    meaning: 'incomplete',
    says: 'an ACL has more entries than an extended attribute of the secondary’s file system can hold (ext4: some 500)',
    advice: 'Shorten the ACL of the file (getfacl shows it), or exclude it. Without owners and ACLs: metadata: plain.',
  },
  {
    pattern: /^rsync: (?:\[\w+\] )?(.*: (?:No space left on device|Disk quota exceeded) \(\d+\).*)/m,
    meaning: 'secondary-full',
  },
  // The gate limits the size of a file through the kernel: to the free space above the minimum, or less (max_session_bytes).
  {
    pattern: /^rsync: (?:\[(?:[Rr]eceiver|generator)[^\]]*\] )?(.*: File too large \(27\).*)/m,
    meaning: 'secondary-full',
    says: 'a file is larger than what may be written there: what is free, max_session_bytes of the gate, or the most that the file system can hold',
  },
  // In a push, the generator and the receiver run only on the secondary.
  {
    pattern: /^rsync: \[(?:[Rr]eceiver|generator)[^\]]*\] (.*failed: (?:Permission denied|Read-only file system).*)/m,
    meaning: 'refused',
  },
  // After the place in its source, rsync names the process that gave up. If that is on the secondary, memory, pipes and processes may be
  // available again later.
  {
    pattern: /^rsync error: (.*\(code (?:13|14|15|16|19|20|21|22)\).*\[(?:[Rr]eceiver|generator)=.*)/m,
    meaning: 'connection-lost',
  },
  {
    pattern: /((?:exec: )?\S*rrsync: (?:not found|No such file or directory|Permission denied).*)/,
    meaning: 'refused',
    left: 'nothing',
  },
  { pattern: /(\S+: command not found)/, meaning: 'refused', left: 'nothing' },
  { pattern: /(.*on remote machine.*unknown option.*)/, meaning: 'refused', left: 'nothing' },
  { pattern: /(This account is (?:currently )?not available.*)/, meaning: 'refused', left: 'nothing' },
];

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

/** What the gate's own line means. It takes precedence, because the gate knows more than rsync. */
function judgeGateLine(stderr: string): SessionVerdict | undefined {
  const line = parseGateLine(stderr);
  if (line === undefined) return undefined;
  const { end, reason } = line;
  if (end === 'refused' && /^busy\b/.test(reason)) return { kind: 'busy', reason };
  const full = /^(?:secondary full|no space)/.test(reason);
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
