import { bzip2End, mongoEnd, pgCustomEnd, sqliteEnd, tarEnd, xzEnd, zipEnd, ZIP_TAIL } from './binary-ends.ts';
import { cut, TAIL_BYTES, UNKNOWN, type Ends, type EndsVerdict } from './ends.ts';
import { beginsAs, endOfPlain } from './plain-dumps.ts';

/** How one format of dumps is recognised, and what its ends have to look like. */
interface FormatRow {
  /** For people, with its article. */
  readonly title: string;
  /** Whether a file that begins so has this format. */
  readonly recognise: (head: Buffer) => boolean;
  readonly ends: (ends: Ends) => EndsVerdict;
  /** Bytes of the tail that are needed; default: TAIL_BYTES. */
  readonly tailBytes?: number;
  /** Endings of names beside it that show that something is working with the file now. */
  readonly inUse?: readonly string[];
}

/** `PGDMP` with the number of the format (pg_backup.h): 1 is custom, 3 tar. */
const pgArchive = (format: number) => (head: Buffer) => startsWith(head, 'PGDMP') && head[10] === format;

/** A gzip file has a header of 10 bytes, at least 2 of content, and a trailer of 8 (RFC 1952). Nothing in the trailer can be recognised. */
const GZIP_LEAST = 20;

/** Every format that is known, in the order in which they are looked for. facts.md#how-dumps-end has the sources. */
export const FORMATS = {
  gzip: {
    title: 'a gzip file',
    recognise: (head) => startsWith(head, '\x1f\x8b\x08'),
    ends: ({ size }) =>
      size < GZIP_LEAST ? cut(`it has ${size} bytes, and no gzip file has fewer than ${GZIP_LEAST}`) : UNKNOWN,
  },
  xz: { title: 'an xz file', recognise: (head) => startsWith(head, '\xfd7zXZ\0'), ends: xzEnd },
  zstd: { title: 'a zstd file', recognise: (head) => startsWith(head, '\x28\xb5\x2f\xfd'), ends: () => UNKNOWN },
  bzip2: {
    title: 'a bzip2 file',
    // A block follows, or the end of an empty one.
    recognise: (head) =>
      startsWith(head, 'BZh') && ['314159265359', '177245385090'].includes(head.toString('hex', 4, 10)),
    ends: bzip2End,
  },
  zip: {
    title: 'a zip file',
    recognise: (head) => startsWith(head, 'PK\x03\x04'),
    ends: zipEnd,
    tailBytes: ZIP_TAIL,
  },
  tar: { title: 'a tar file', recognise: (head) => latin(head, 512).startsWith('ustar', 257), ends: tarEnd },
  'postgresql-custom': { title: 'a PostgreSQL dump (custom format)', recognise: pgArchive(1), ends: pgCustomEnd },
  // Its toc.dat: written last, as if for a tar, and it may end in many ways.
  'postgresql-directory': {
    title: 'a PostgreSQL dump (directory format)',
    recognise: pgArchive(3),
    ends: () => UNKNOWN,
  },
  'postgresql-cluster': plain('postgresql-cluster', 'a dump of pg_dumpall'),
  'postgresql-plain': plain('postgresql-plain', 'a PostgreSQL dump'),
  mysql: plain('mysql', 'a MySQL or MariaDB dump'),
  'mysql-bare': plain('mysql-bare', 'a MySQL or MariaDB dump without comments'),
  'sqlite-text': plain('sqlite-text', 'an SQLite dump'),
  sqlite: {
    title: 'an SQLite database',
    recognise: (head) => startsWith(head, 'SQLite format 3\0'),
    ends: sqliteEnd,
    inUse: ['-wal', '-shm', '-journal'],
  },
  'mongodb-archive': {
    title: 'a MongoDB archive',
    recognise: (head) => startsWith(head, '\x6d\xe2\x99\x81'),
    ends: mongoEnd,
  },
} as const satisfies Readonly<Record<string, FormatRow>>;

/** The name of a format in the table. */
export type Format = keyof typeof FORMATS;

const ALL = Object.keys(FORMATS) as Format[];

/** The row of a format. */
export function formatRow(format: Format): FormatRow {
  return FORMATS[format];
}

/** The format of what begins with these bytes; undefined if it is none that we know: nothing can be said about such a file. */
export function recogniseFormat(head: Buffer): Format | undefined {
  return ALL.find((format) => FORMATS[format].recognise(head));
}

/** Bytes of the tail that are needed to judge a format. */
export function tailBytesOf(format: Format): number {
  return formatRow(format).tailBytes ?? TAIL_BYTES;
}

function plain(kind: Parameters<typeof endOfPlain>[0], title: string): FormatRow {
  return { title, recognise: (head) => beginsAs(kind, head), ends: (ends) => endOfPlain(kind, ends) };
}

function startsWith(head: Buffer, magic: string): boolean {
  return latin(head, magic.length) === magic;
}

function latin(head: Buffer, bytes: number): string {
  return head.toString('latin1', 0, bytes);
}
