import type { ProcessEnd } from '../platform/process.ts';
import type { Outcome } from '../shared/outcome.ts';

/** What the end of one rsync session means for the run. */
export type SessionVerdict =
  | { readonly kind: 'ok' }
  /** The secondary still serves another session; it may be our own broken one. Wait and try again. */
  | { readonly kind: 'busy'; readonly reason: string }
  /** We ended it ourselves (signal, deadline); the caller knows why. */
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly outcome: Outcome; readonly reason: string };

/** rsync's exit codes (rsync(1), EXIT VALUES), and those of ssh and the remote shell that it passes on. */
const EXIT: Readonly<Record<number, readonly [Outcome, string]>> = {
  1: ['internal-error', 'rsync did not accept its options'],
  2: ['refused', 'the two rsyncs have no protocol in common'],
  3: ['refused', 'the secondary could not enter the directory'],
  4: ['refused', 'the secondary’s rsync does not support what was asked'],
  5: ['connection-lost', 'the session did not start'],
  10: ['connection-lost', 'the connection broke'],
  11: ['incomplete', 'file error'],
  12: ['connection-lost', 'the protocol stream broke'], // nearly always the line, or a server that was killed
  13: ['internal-error', 'rsync could not report'],
  14: ['internal-error', 'rsync could not talk to its own processes'],
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

/** Words on standard error that say more than the exit code. The first row that matches wins. */
const WORDS: readonly (readonly [RegExp, Outcome | 'busy'])[] = [
  [/^offsite-gate: refused: (busy\b.*)/m, 'busy'],
  [/^offsite-gate: refused: ((?:secondary full|no space).*)/m, 'secondary-full'],
  [/^offsite-gate: refused: (.*)/m, 'refused'],
  [/(Another instance of rrsync is already accessing this directory)/, 'busy'], // FACTS 15
  [/^\S*rrsync error: (.*)/m, 'refused'],
  // rrsync does not catch that its root or its rsync is missing: the last line of Python's traceback says which.
  [/^Traceback \(most recent call last\):\n(?:.*\n)*?(\w+Error: .*)/m, 'refused'],
  [/^rsync: (?:\[\w+\] )?(.*: (?:No space left on device|Disk quota exceeded) \(\d+\).*)/m, 'secondary-full'],
  // The generator and the receiver work on the secondary only, in a push.
  [/^rsync: \[(?:[Rr]eceiver|generator)[^\]]*\] (.*failed: (?:Permission denied|Read-only file system).*)/m, 'refused'],
  [/((?:exec: )?\S*rrsync: (?:not found|No such file or directory|Permission denied).*)/, 'refused'],
  [/(\S+: command not found)/, 'refused'],
  [/(.*on remote machine.*unknown option.*)/, 'refused'],
  [/(This account is (?:currently )?not available.*)/, 'refused'],
];

/** Names files in the source that could not be sent, as rsync's sender says it. */
const SOURCE_TROUBLE =
  /rsync: (?:\[sender\] )?((?:send_files failed to open|opendir|readlink_stat|link_stat|read errors mapping|change_dir).*)|(file has vanished: .*)/;

/** Longest list of files in a reason. */
const NAMED_FILES = 5;

/**
 * Tells what the end of an rsync session means.
 * @param end how the process ended, with the last lines of its standard error
 */
export function judgeSession(end: ProcessEnd): SessionVerdict {
  switch (end.kind) {
    case 'not-started':
      return {
        kind: 'failed',
        outcome: 'usage',
        reason: `rsync cannot be started here (${end.cause.message}). Install it: apt-get install rsync openssh-client`,
      };
    case 'aborted':
      return { kind: 'aborted' };
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

function judgeExit(code: number, stderr: string): SessionVerdict {
  for (const [pattern, meaning] of WORDS) {
    const said = pattern.exec(stderr)?.[1];
    if (said === undefined) continue;
    return meaning === 'busy' ? { kind: 'busy', reason: said } : { kind: 'failed', outcome: meaning, reason: said };
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

/**
 * The signal that ended the server, by the exit code that ssh passes on: 128+n from a shell, 256-n from rrsync (it is
 * written in Python, which counts a child killed by signal n as -n). Both seen with `kill -9` of the server.
 */
function signalBehind(code: number): number | undefined {
  if (code > 128 && code < 160) return code - 128;
  return code > 224 && code < 255 ? 256 - code : undefined;
}

function failed(outcome: Outcome, meaning: string, stderr: string, code?: number): SessionVerdict {
  const said = details(stderr);
  const number = code === undefined ? '' : ` (rsync exit ${code})`;
  return { kind: 'failed', outcome, reason: `${meaning}${number}${said === '' ? '' : `: ${said}`}` };
}

/** The lines of standard error that help: names of files that made trouble, or else the first line that is no summary. */
function details(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const files = lines.flatMap((line) => {
    const match = SOURCE_TROUBLE.exec(line);
    return match ? [match[1] ?? match[2] ?? ''] : [];
  });
  if (files.length > 0) {
    const more = files.length > NAMED_FILES ? `; and ${files.length - NAMED_FILES} more` : '';
    return `${files.slice(0, NAMED_FILES).join('; ')}${more}`;
  }
  const [first] = lines.filter((line) => !/^rsync (?:error|warning): /.test(line));
  return (first ?? lines[0] ?? '').replace(/^rsync: (?:\[\w+\] )?/, '');
}
