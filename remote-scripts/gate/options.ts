/** The kinds of rsync sessions that a client may ask for: `read` with the read key, the others with the push key. */
export type SessionKind = 'push' | 'verify' | 'notes' | 'seal' | 'read';

/** Which owners and modes are kept. */
export type Metadata = 'fake_super' | 'plain';

/** What a session sends or compares of them: all that is kept, or nothing (a verification of contents or names). */
export type WireMetadata = Metadata | 'none';

/** What the gate has found out or decided about a request. */
export interface Rebuild {
  /** Name in rrsync's root of what is written or read: `<id>.partial/`, `<id>/` or a file; a path below the snapshot for a read. */
  readonly place: string;
  /** Name in rrsync's root that is compared with, so that what is equal is not sent. */
  readonly basis: string | undefined;
  /** Seconds of silence that are allowed, with the client's wish taken into account. */
  readonly timeoutSeconds: number;
  /** Whether files may be sent as differences to what is here. */
  readonly delta: boolean;
  /** Whether a basis under another name may be looked for. */
  readonly fuzzy: boolean;
  /** Whether it goes on in the tree of an earlier attempt. */
  readonly continues: boolean;
}

/** One option of rsync: in which sessions a client may send it, and how it is rebuilt. */
interface OptionRow {
  /** One of the letters of the group, or the name of a long option. */
  readonly letter?: string;
  readonly long?: string;
  /** How often it may be given; default: once. */
  readonly most?: number;
  /** What the value of a long option must look like; empty text stands for no value. */
  readonly value?: RegExp;
  /** The sessions in which a client must or may send it. In others it is refused. */
  readonly in: Readonly<Partial<Record<SessionKind, 'must' | 'may'>>>;
  /** The kinds of metadata that it belongs to, because it shapes the wire format. With any other kind it is refused. */
  readonly metadata?: readonly WireMetadata[];
  /**
   * The rebuilt option, from what the client asked for; undefined leaves it out. By default it is rebuilt as it was
   * asked for.
   */
  readonly written?: (asked: string | undefined, rebuild: Rebuild, kind: SessionKind) => string | undefined;
  /** Its value is a separate word, as rsync itself sends it. */
  readonly apart?: boolean;
}

const TRANSFER = { push: 'must', verify: 'must', read: 'may' } as const;
const EITHER = { push: 'may', verify: 'may', read: 'may' } as const;
const ANY = { push: 'may', verify: 'may', notes: 'may', seal: 'may', read: 'may' } as const;
const ONE_FILE = { notes: 'must', seal: 'must' } as const;
const BOTH = ['fake_super', 'plain'] as const;
const ALL = ['fake_super', 'plain', 'none'] as const;
const NO_VALUE = /^$/;

/** Most `--compare-dest` of one push: the last sealed snapshot, and the last broken attempt by all names that it may have. */
export const MOST_BASES = 5;

/**
 * Every option of a command for rrsync, in the order in which they are written. What has no row is refused. Missing on
 * purpose: --link-dest (rsync must not have names of what is sealed: docs/security.md), X, U, b, K, k, L, m, B, x, s, I, O, J, N, u, q, v: our client sends none of them.
 * What a reading client deletes, keeps or reports, it does not tell the server.
 *
 * `-y` and `-W` affect only the receiving side, so the gate may remove the one and add the other (measured with rsync
 * 3.5.0: the protocol is the same).
 */
export const OPTIONS = {
  dryRun: { letter: 'n', in: { push: 'may', verify: 'must', read: 'may' } },
  symlinks: { letter: 'l', in: TRANSFER, metadata: ALL }, // munged
  // Preserves hard links. A client whose source has unreliable inode numbers leaves it out.
  hardLinks: { letter: 'H', in: EITHER, metadata: ALL },
  owner: { letter: 'o', in: TRANSFER, metadata: ['fake_super'] }, // into an xattr
  group: { letter: 'g', in: TRANSFER, metadata: ['fake_super'] }, // into an xattr
  devices: { letter: 'D', in: TRANSFER, metadata: BOTH }, // never made (--drop-D of rrsync)
  times: { letter: 't', in: { ...TRANSFER, ...ONE_FILE }, metadata: ALL },
  modes: { letter: 'p', in: TRANSFER, metadata: BOTH },
  acls: { letter: 'A', in: TRANSFER, metadata: ['fake_super'] }, // into an xattr
  // A session takes the whole tree, or the names on a list (request.ts: exactly one of both).
  recursive: { letter: 'r', in: EITHER, metadata: ALL },
  relative: { letter: 'R', in: { push: 'may', verify: 'may' }, metadata: BOTH },
  // One level of a directory, for a list.
  dirs: { letter: 'd', in: { read: 'may' } },
  // How the reader writes its files.
  sparse: { letter: 'S', in: { read: 'may' } },
  // A basis under another name: here, and with a second y in the --compare-dest.
  fuzzy: { letter: 'y', most: 2, in: { push: 'may' }, written: (asked, { fuzzy }) => (fuzzy ? asked : undefined) },
  wholeFile: { letter: 'W', in: {}, written: (_, { delta }, kind) => (kind === 'push' && !delta ? 'W' : undefined) },
  checksum: { letter: 'c', in: EITHER },
  compress: { letter: 'z', in: ANY },
  logFormat: { long: 'log-format', value: /^%i(%I)?$/, in: { push: 'may', verify: 'may' } },
  // Seconds. Never longer than the gate waits for any client.
  timeout: {
    long: 'timeout',
    value: /^[1-9]\d{0,5}$/,
    in: ANY,
    written: (_, { timeoutSeconds }) => `${timeoutSeconds}`,
  },
  bwlimit: { long: 'bwlimit', value: /^[1-9]\d{0,8}$/, in: ANY }, // KiB a second
  compressChoice: { long: 'compress-choice', value: /^(zstd|lz4|zlibx|zlib|none)$/, in: ANY },
  delete: { long: 'delete', value: NO_VALUE, in: { verify: 'may' } },
  // What was a directory when the attempt began may be a file now. Its tree shares nothing with any other.
  force: {
    long: 'force',
    in: {},
    written: (_, { continues }, kind) => (kind === 'push' && continues ? '' : undefined),
  },
  stats: { long: 'stats', value: NO_VALUE, in: { push: 'may', verify: 'may' } },
  listOnly: { long: 'list-only', value: NO_VALUE, in: { read: 'may' } },
  partial: { long: 'partial', value: NO_VALUE, in: { push: 'may' } },
  // Without it, the names of owners are part of the wire format.
  numericIds: { long: 'numeric-ids', value: NO_VALUE, in: EITHER, metadata: ['fake_super'] },
  // A snapshot and an attempt of the same job (request.ts reads their ids). Only the snapshot is handed on; the attempt becomes the
  // tree that is written.
  compareDest: {
    ...{ long: 'compare-dest', apart: true, value: /^\/[^/]+\/[^/]+\/$/, in: { push: 'may' }, most: MOST_BASES },
    written: (_, { basis }) => (basis === undefined ? undefined : `/${basis}/`),
  },
  fakeSuper: { long: 'fake-super', value: NO_VALUE, in: EITHER, metadata: ['fake_super'] },
  // Accepted and dropped. It is meant for plain rrsync, where nothing else makes the directory of the job.
  mkpath: { long: 'mkpath', value: NO_VALUE, in: { push: 'may', notes: 'may', seal: 'may' }, written: () => undefined },
} as const satisfies Readonly<Record<string, OptionRow>>;

/** The name of a row of {@link OPTIONS}. */
export type OptionName = keyof typeof OPTIONS;

const ROWS = Object.entries<OptionRow>(OPTIONS) as readonly (readonly [OptionName, OptionRow])[];
const BY_LETTER = new Map(
  ROWS.flatMap(([name, { letter }]) => (letter === undefined ? [] : [[letter, name] as const])),
);
const BY_LONG_NAME = new Map(ROWS.flatMap(([name, { long }]) => (long === undefined ? [] : [[long, name] as const])));

/** What a client has sent, by the names of the rows: the letter as often as it was given, or the value of a long option. */
export type Given = ReadonlyMap<OptionName, string>;

/** The row of an option, whatever it is. */
export function rowOf(name: OptionName): OptionRow {
  return OPTIONS[name];
}

/** @returns the option that a letter of the group stands for, or undefined */
export function optionOfLetter(letter: string): OptionName | undefined {
  return BY_LETTER.get(letter);
}

/** @returns the option that `--name` stands for, or undefined */
export function optionOfLongName(name: string): OptionName | undefined {
  return BY_LONG_NAME.get(name);
}

/** The name of an option for people: `-y`, `--stats`. */
export function calledOption(name: OptionName): string {
  const { letter, long = '' } = rowOf(name);
  return letter === undefined ? `--${long}` : `-${letter}`;
}

/**
 * The first option that a session of this kind must have, or that belongs to its metadata, and that is missing;
 * undefined if none is.
 */
export function missingOption(
  given: Given,
  kind: SessionKind,
  metadata: WireMetadata | undefined,
): OptionName | undefined {
  return ROWS.find(
    ([name, row]) =>
      row.in[kind] === 'must' &&
      !given.has(name) &&
      (row.metadata === undefined || metadata === undefined || row.metadata.includes(metadata)),
  )?.[0];
}

/** The first option that is not allowed in a session of this kind, or with its metadata; undefined if there is none. */
export function foreignOption(
  given: Iterable<OptionName>,
  kind: SessionKind,
  metadata: WireMetadata | undefined,
): OptionName | undefined {
  return [...given].find((name) => {
    const row = rowOf(name);
    const ofOtherMetadata = metadata !== undefined && row.metadata !== undefined && !row.metadata.includes(metadata);
    return row.in[kind] === undefined || ofOtherMetadata;
  });
}

/** The options of a command for rrsync, rebuilt from what was given and decided: the letters, and the other words. */
export function writtenOptions(
  given: Given,
  rebuild: Rebuild,
  kind: SessionKind,
): { letters: string; words: string[] } {
  let letters = '';
  const words: string[] = [];
  for (const [name, { long, apart, written }] of ROWS) {
    const asked = given.get(name);
    const text = written ? written(asked, rebuild, kind) : asked;
    if (text === undefined) continue;
    if (long === undefined) letters += text;
    else if (text === '') words.push(`--${long}`);
    else words.push(...(apart === true ? [`--${long}`, text] : [`--${long}=${text}`]));
  }
  return { letters, words };
}
