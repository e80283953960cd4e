import type { Fault } from '../shared/outcome.ts';

/**
 * What a session may have left on the secondary. `nothing`: it was not let in, so not even its id is used up there.
 * `perhaps`: that is unknown, so its id must never be used again.
 */
export type Left = 'nothing' | 'perhaps';

/** rsync's exit codes (rsync(1), EXIT VALUES), and those of ssh and the remote shell that it passes on. */
export const EXIT: Readonly<Record<number, readonly [Fault, string]>> = {
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
export const NEVER_STARTED: ReadonlySet<number> = new Set([126, 127]);

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
export const WORDS: readonly WordsRow[] = [
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
    says: 'a file is larger than what may be written there: the free space, max_session_bytes of the gate, or the limit of the file system',
  },
  // With a list of files, rsync gives up where the source is gone altogether (exit 3); it goes on without one (exit 23).
  {
    pattern: /^rsync: \[sender\] (change_dir .*)(?=[^]*\(code 3\)[^\n]*\[sender=)/m,
    meaning: 'incomplete',
    says: 'the source cannot be entered any more',
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
