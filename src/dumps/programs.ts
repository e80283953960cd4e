import type { ProcessEnd } from '../platform/process.ts';
import type { Format } from './formats.ts';

/** How a program is asked about a file. */
interface ProgramRow {
  readonly program: string;
  /** @param path the file; of the directory format, its toc.dat */
  readonly args: (path: string) => readonly string[];
  /** What it writes to its standard output: `content`, what is compressed, or `text`, what it has to say. */
  readonly writes: 'content' | 'text';
  /** Exit codes that mean that all is well, besides 0. */
  readonly well?: readonly number[];
  /** Exit codes that mean that the file is not what it has to be; default: all others. */
  readonly ill?: readonly number[];
  /** What it says when it cannot tell, although it ends like that. */
  readonly cannotTell?: RegExp;
  /** What its text must be. */
  readonly expects?: RegExp;
}

/** The programs that read a whole file of a format and know whether it is right. What is not in the table has none. */
const PROGRAMS: Readonly<Partial<Record<Format, ProgramRow>>> = {
  // 2: a warning, such as zeros behind the end.
  gzip: { program: 'gzip', args: (path) => ['-dc', '--', path], writes: 'content', well: [2] },
  xz: { program: 'xz', args: (path) => ['-dc', '--', path], writes: 'content', well: [2] },
  // Without --long it refuses what was compressed with that.
  zstd: { program: 'zstd', args: (path) => ['-dcq', '--long=31', '--', path], writes: 'content' },
  bzip2: { program: 'bzip2', args: (path) => ['-dc', '--', path], writes: 'content' },
  // unzip(1): 2, 3 and 51 are damage. The others are warnings, or a compression or encryption that it does not know.
  zip: { program: 'unzip', args: (path) => ['-tqq', '--', path], writes: 'text', well: [1], ill: [2, 3, 51] },
  tar: { program: 'tar', args: (path) => ['--force-local', '-tf', path], writes: 'text' },
  // It reads all data and writes it as SQL; `--list` would read the table of contents only, and find a dump cut in half right.
  'postgresql-custom': { program: 'pg_restore', args: (path) => ['--file=/dev/null', path], ...pgRestore() },
  'postgresql-directory': {
    program: 'pg_restore',
    args: (path) => ['--file=/dev/null', path.replace(/\/[^/]*$/, '')],
    ...pgRestore(),
  },
  // Neither a program that waits nor a file beside it may come of looking; -safe: the file may be anything.
  sqlite: {
    program: 'sqlite3',
    args: (path) => ['-batch', '-safe', '-readonly', '-init', '/dev/null', uriOf(path), 'PRAGMA integrity_check'],
    writes: 'text',
    expects: /^ok$/,
    cannotTell: /no such (module|collation|function)|unable to open|file is not a database|unsupported file format/,
  },
};

/** The program that checks a format; undefined if there is none. */
export function programFor(format: Format): ProgramRow | undefined {
  return PROGRAMS[format];
}

/** What the end of a program says about the file. */
export type ProgramVerdict =
  | { readonly kind: 'sound' }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'cannot-tell'; readonly reason: string };

/** What any of them says when the reason is not the file. */
const NOT_THE_FILE = /permission denied|out of memory|not enough memory|cannot allocate/i;

/** Lines of a program that are passed on. */
const MOST_LINES = 3;

/**
 * What the end of a program says about the file.
 * @param said the first lines of its text, if it writes text
 */
export function judgeProgram(row: ProgramRow, end: ProcessEnd, said: readonly string[]): ProgramVerdict {
  const { program } = row;
  switch (end.kind) {
    case 'not-started':
      return { kind: 'cannot-tell', reason: `${program} is not installed here` };
    case 'signalled':
      return { kind: 'cannot-tell', reason: `${program} was ended by ${end.signal}` };
    case 'aborted':
    case 'timed-out':
    case 'stalled':
      return { kind: 'cannot-tell', reason: `${program} was ended before it was through` };
    case 'exited':
      break;
    default:
      return end satisfies never;
  }
  const errors = end.stderrTail.split('\n').filter((line) => line !== '');
  const lines = [...errors, ...(row.expects === undefined ? [] : said)].slice(0, MOST_LINES).join('; ');
  const fits = row.expects === undefined || row.expects.test(said[0] ?? '');
  if ((end.code === 0 || row.well?.includes(end.code) === true) && fits) return { kind: 'sound' };
  const why = `${program}: ${lines === '' ? `exit code ${end.code}` : lines}`;
  const known = end.code === 0 || row.ill === undefined || row.ill.includes(end.code);
  const cannotTell = !known || NOT_THE_FILE.test(lines) || row.cannotTell?.test(lines) === true;
  return { kind: cannotTell ? 'cannot-tell' : 'broken', reason: why };
}

function pgRestore() {
  return {
    writes: 'text',
    // A dump of a later version, or with a compression that was not built in.
    cannotTell: /unsupported version|does not support compression|not built with|compression is not supported/,
  } as const;
}

/** sqlite3 takes a URI (sqlite.org/uri.html). With `immutable` it creates nothing and locks nothing. */
function uriOf(path: string): string {
  return `file:${path.split('/').map(encodeURIComponent).join('/')}?immutable=1`;
}
