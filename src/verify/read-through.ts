import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { errorCode, errorMessage, isMissing } from '../platform/files.ts';
import type { ProcessEnd, RunProcess } from '../platform/process.ts';
import { createRecordStream, type RecordStream } from '../platform/record-stream.ts';
import { decodeName, encodeName } from '../rsync/itemized.ts';
import { listSource, type ListingSpec } from '../rsync/listing.ts';
import type { UnreadableFile } from '../rsync/read-errors.ts';
import { formatDuration } from '../shared/units.ts';

/** The result of reading every file of a source from its first byte to its last. */
export type ReadThrough =
  | {
      readonly kind: 'read';
      readonly unreadable: readonly UnreadableFile[];
      /** Files that were read, or tried; those that had disappeared are not among them. */
      readonly files: number;
      readonly gone: number;
    }
  | { readonly kind: 'failed'; readonly outcome: 'incomplete' | 'internal-error'; readonly reason: string }
  | { readonly kind: 'aborted' };

/**
 * tar reads the files and reports which could not be read, and why. Its archive goes to /dev/zero, because tar recognises /dev/null and
 * would then not read at all. Files that have become something else meanwhile (a FIFO) do not stop it. A file with several names is
 * read once.
 */
const READER = [
  '--create',
  '--file=/dev/zero',
  '--blocking-factor=1024',
  '--no-recursion',
  '--numeric-owner',
  '--null',
  '--verbatim-files-from',
  '--files-from=-',
  '--quoting-style=escape',
];

/** `tar: NAME: Read error at byte 8192, while reading 4096 bytes: Input/output error`; a colon in the name is escaped. */
const COMPLAINT =
  /^tar: ((?:[^:\\]|\\.)+): (?:Warning: )?(?:Read error at byte \d+, while reading \d+ bytes|Cannot \w+): (.+)$/s;

/**
 * tar reports this when a file was truncated, and also when the disk failed in the middle of a read: the kernel then returns what it
 * has, and tar does not read again.
 */
const SHORT = /^tar: ((?:[^:\\]|\\.)+): File shrank by \d+ bytes; padding with zeros$/s;

/** It has disappeared since it was listed; the comparison reports that. */
const GONE = 'No such file or directory';

/** What to read. */
export interface ReadThroughSpec extends ListingSpec {
  /** Names of all files, many at a time, as rsync writes them; undefined: the source is listed. */
  readonly files?: AsyncIterable<readonly string[]> | undefined;
}

/** Bytes per read. */
const PIECE = 1024 * 1024;

/** Number of names that are kept: a disk that has failed completely would produce too many. */
const NAMED = 10_000;

/**
 * Reads every file of the source. rsync does not report what it could not read for a checksum: it treats the missing
 * blocks as zeros and continues (3.5.0, `file_checksum`), so equal checksums prove nothing about such a file.
 *
 * Of listing and tar, only the listing has a stall limit. tar waits for the listing, and it reads only files that rsync
 * reads at the same time, under the stall limit of rsync's session.
 *
 * It costs little in addition to a verification, because each file is read from the disk only once and from memory the
 * second time.
 */
export async function readThrough(spec: ReadThroughSpec, run: RunProcess): Promise<ReadThrough> {
  const unreadable: UnreadableFile[] = [];
  const suspects: Buffer[] = [];
  const count = { listed: 0, gone: 0, complaints: 0 };
  const { files } = spec;
  const listed = createRecordStream();
  const reading = run({
    program: 'tar',
    args: READER,
    cwd: spec.source,
    env: spec.environment,
    signal: spec.signal,
    input: files === undefined ? listed.stream : Readable.from(recordsOf(files, count)),
    onStderrLine: (line) => {
      const short = SHORT.exec(line)?.[1];
      if (short !== undefined && suspects.length < NAMED) suspects.push(unescape(short));
      const [, name, reason = ''] = COMPLAINT.exec(line) ?? [];
      if (name === undefined) return;
      count.complaints += 1;
      if (reason === GONE) count.gone += 1;
      else if (unreadable.length < NAMED) unreadable.push({ name: encodeName(unescape(name)), reason });
    },
  });
  const listing = files === undefined ? await listFiles(spec, run, listed, count) : undefined;
  const read = await reading;
  for (const name of suspects) {
    const reason = await readErrorOf(Buffer.concat([Buffer.from(`${spec.source}/`), name]));
    if (reason !== undefined) unreadable.push({ name: encodeName(name), reason });
  }
  return judge(read, listing, unreadable, count);
}

async function* recordsOf(files: AsyncIterable<readonly string[]>, count: { listed: number }): AsyncGenerator<Buffer> {
  for await (const names of files) {
    count.listed += names.length;
    if (names.length > 0) yield Buffer.concat(names.flatMap((name) => [decodeName(name), END]));
  }
}

async function listFiles(
  spec: ListingSpec,
  run: RunProcess,
  names: RecordStream,
  count: { listed: number },
): Promise<ProcessEnd> {
  const end = await listSource(spec, run, ({ kind, name }) => {
    if (kind !== 'file') return;
    count.listed += 1;
    names.add(decodeName(name));
  });
  names.end();
  return end;
}

const END = Buffer.of(0);

/** Why a file cannot be read to its end; undefined if it can be read, or is gone. */
async function readErrorOf(path: Buffer): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const buffer = Buffer.allocUnsafe(PIECE);
      while ((await file.read(buffer, 0, PIECE, null)).bytesRead > 0);
      return undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    return errorCode(error) === 'EIO' ? 'Input/output error' : errorMessage(error);
  }
}

function judge(
  reading: ProcessEnd,
  listing: ProcessEnd | undefined,
  unreadable: readonly UnreadableFile[],
  count: { readonly listed: number; readonly gone: number; readonly complaints: number },
): ReadThrough {
  if (reading.kind === 'aborted' || listing?.kind === 'aborted') return { kind: 'aborted' };
  const result = { kind: 'read', unreadable, files: count.listed - count.gone, gone: count.gone } as const;
  if (unreadable.length > 0) return result;
  // 23, 24: rsync's own verification of the same tree reports what cannot be listed or has vanished.
  if (listing !== undefined && !(listing.kind === 'exited' && [0, 23, 24].includes(listing.code))) {
    return failed(`rsync --list-only ${wordsOf(listing)}`, listing);
  }
  // tar(1): 1 is "some files differ", 2 a fatal error, or complaints about files. If every file was gone, it looked in the wrong place.
  const looked = count.listed === 0 || count.gone < count.listed;
  const read = reading.kind === 'exited' && (reading.code < 2 || (reading.code === 2 && count.complaints > 0));
  return read && looked ? result : failed(`tar ${wordsOf(reading)}`, reading);
}

function failed(reason: string, { kind }: ProcessEnd): ReadThrough {
  // A disk or file server that does not answer is no bug in this program, and may come back.
  return { kind: 'failed', outcome: kind === 'stalled' ? 'incomplete' : 'internal-error', reason };
}

function wordsOf(end: ProcessEnd): string {
  switch (end.kind) {
    case 'exited':
      return `ended with exit code ${end.code}: ${end.stderrTail}`;
    case 'signalled':
      return `was ended by ${end.signal}`;
    case 'not-started':
      return `cannot be started: ${end.cause.message}`;
    case 'stalled':
      return `did nothing for ${formatDuration(end.afterMs)}`;
    case 'aborted':
    case 'timed-out':
      return 'was ended by us';
    default:
      return end satisfies never;
  }
}

const LETTERS: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** The bytes of a name that tar wrote with `--quoting-style=escape` in the C locale. */
function unescape(text: string): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(/\\(?:([0-3][0-7]{2})|(.))/gs)) {
    const [whole, octal, letter = ''] = match;
    const code = octal === undefined ? (LETTERS[letter] ?? letter.charCodeAt(0)) : Number.parseInt(octal, 8);
    parts.push(Buffer.from(text.slice(from, match.index)), Buffer.of(code));
    from = match.index + whole.length;
  }
  parts.push(Buffer.from(text.slice(from)));
  return Buffer.concat(parts);
}
