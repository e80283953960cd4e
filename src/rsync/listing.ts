import type { ProcessEnd, RunProcess } from '../platform/process.ts';
import { secondsOf } from './mtime.ts';
import { listArguments, type Tree } from './arguments.ts';

/** One entry of a source. */
export interface ListedEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'device' | 'special';
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, to the second. */
  readonly mtimeMs: number;
  /** The same as a push writes it: `2026/11/23-02:15:00`. */
  readonly mtime: string;
  /** Path below the source as rsync wrote it, with escapes (see decodeName); of a symbolic link, its target follows. */
  readonly name: string;
}

/** What to list. */
export interface ListingSpec extends Pick<Tree, 'source' | 'exclude'> {
  /** Do not enter file systems mounted below it. */
  readonly oneFileSystem?: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Milliseconds without any progress after which the listing is ended: a file server may have stopped answering. */
  readonly stallMs: number;
}

/**
 * `-rw-r--r--       20000 2026/11/23 15:42:39 sub/file` (rsync(1), --list-only; in UTC by our environment). The time has 19 characters, whatever
 * the year.
 */
const ENTRY =
  /^([-dlcbps])\S{9}\+? +(\d{1,19}|\d{1,3}(?:,\d{3}){1,6}) ((?=.{4}\/|-?\d{4})(?: *-?\d{1,12})\/\d\d\/\d\d [\d:]{2,8}) (.*)$/s;

/** Characters of a time. */
const WIDTH = 19;

/** The range of a Date. */
const FARTHEST = 8.64e15;

const KINDS: Readonly<Record<string, ListedEntry['kind']>> = {
  '-': 'file',
  d: 'directory',
  l: 'symlink',
  c: 'device',
  b: 'device',
  p: 'special',
  s: 'special',
};

/** Reads one line of the listing; undefined if it is not an entry. */
export function parseEntry(line: string): ListedEntry | undefined {
  const entry = ENTRY.exec(line);
  if (!entry) return undefined;
  const [, letter = '', size = '0', time = '', name = ''] = entry;
  const seconds = secondsOf(time.trim().replace(' ', '-'));
  if (time.length !== WIDTH || Number.isNaN(seconds)) return undefined;
  return {
    kind: KINDS[letter] ?? 'special',
    size: Number(size.replaceAll(',', '')),
    mtimeMs: Math.max(-FARTHEST, Math.min(seconds * 1000, FARTHEST)),
    mtime: time.replaceAll(' ', '-'),
    name,
  };
}

/** Lists a source as rsync interprets the excludes, one entry after the other; nothing is kept. */
export function listSource(
  { environment, signal, stallMs, ...tree }: ListingSpec,
  run: RunProcess,
  onEntry: (entry: ListedEntry) => void,
): Promise<ProcessEnd> {
  return run({
    program: 'rsync',
    args: listArguments(tree),
    env: environment,
    signal,
    stallMs,
    onStdoutLine: (line) => {
      const entry = parseEntry(line);
      if (entry) onEntry(entry);
    },
  });
}
