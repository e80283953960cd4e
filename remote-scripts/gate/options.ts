/** Options that both ends must agree on, or that the client may choose. */
export interface WireOptions {
  /** Which owners and modes are kept; `none` for a seal. */
  readonly metadata: 'fake_super' | 'plain' | 'none';
  /** `-H`: which names are one file. A client whose source cannot tell leaves it out. */
  readonly hardLinks: boolean;
  /** How many `-y` were sent: 0, 1 or 2. */
  readonly fuzzy: number;
  /** `-z`: compress with what both ends agree on. */
  readonly compress: boolean;
  /** A fixed algorithm instead. */
  readonly compressChoice?: string;
  /** What the client can do: the letters after `e.`. */
  readonly capabilities: string;
  /** `--numeric-ids`; without it, the names of owners are part of the wire format. */
  readonly numericIds: boolean;
  readonly partial: boolean;
  readonly stats: boolean;
  readonly logFormat?: string;
  /** Seconds. */
  readonly timeout?: number;
  /** KiB a second. */
  readonly bwlimit?: number;
}

/** Most `--link-dest` of one push: the last sealed snapshot and the last broken attempt. */
export const MOST_BASES = 2;

/**
 * Letters that a client may send, and how often. Missing on purpose: X, U (change inodes that sealed snapshots share,
 * facts.md#options-that-reach-shared-inodes), b, K, k, L, R, m, B, x, s, I, O, J, N, S, u, d, q, v, W: nothing of ours sends them.
 */
export const LETTERS: ReadonlyMap<string, number> = new Map([
  ['n', 1], // dry run
  ['l', 1], // symbolic links (munged)
  ['y', 2], // a basis under another name, here and in each --link-dest
  ['H', 1], // hard links
  ['o', 1], // owner, into an xattr
  ['g', 1], // group, into an xattr
  ['D', 1], // devices: never made (--drop-D of rrsync), but part of the wire format
  ['t', 1], // times
  ['p', 1], // modes
  ['A', 1], // ACLs, into an xattr
  ['r', 1], // directories
  ['c', 1], // compare by checksum
  ['z', 1], // compress
]);

/** Letters that go with each kind of metadata; they shape the wire format, so neither more nor fewer will do. Only `H` may be missing. */
const METADATA_LETTERS = { fake_super: 'lHogDtpAr', plain: 'lHDtpr' } as const;

interface LongOptionRule {
  /** What the value must look like; empty text stands for no value. */
  readonly value: RegExp;
  readonly kinds: readonly ('push' | 'verify' | 'seal')[];
}

/** Long options that a client may send, beside --link-dest. */
export const LONG_OPTIONS = {
  'log-format': { value: /^%i(%I)?$/, kinds: ['push', 'verify'] },
  stats: { value: /^$/, kinds: ['push', 'verify'] },
  partial: { value: /^$/, kinds: ['push'] },
  'numeric-ids': { value: /^$/, kinds: ['push', 'verify'] },
  'fake-super': { value: /^$/, kinds: ['push', 'verify'] },
  delete: { value: /^$/, kinds: ['verify'] },
  timeout: { value: /^[1-9]\d{0,5}$/, kinds: ['push', 'verify', 'seal'] },
  bwlimit: { value: /^[1-9]\d{0,8}$/, kinds: ['push', 'verify', 'seal'] },
  'compress-choice': { value: /^(zstd|lz4|zlibx|zlib|none)$/, kinds: ['push', 'verify', 'seal'] },
  // Accepted and dropped: sent to plain rrsync, where nobody else makes the directory of the job.
  mkpath: { value: /^$/, kinds: ['push', 'seal'] },
} as const satisfies Record<string, LongOptionRule>;

/** The name of an option in {@link LONG_OPTIONS}. */
export type LongOption = keyof typeof LONG_OPTIONS;

/** The metadata that a client's letters stand for, or undefined if they are a mixture. */
export function metadataOf(
  letters: ReadonlyMap<string, number>,
  fakeSuper: boolean,
): 'fake_super' | 'plain' | undefined {
  const metadata = fakeSuper ? 'fake_super' : 'plain';
  const needed = metadataLetters({ metadata, hardLinks: letters.has('H') });
  const present = [...letters.keys()].filter((letter) => METADATA_LETTERS.fake_super.includes(letter));
  return present.length === needed.length && present.every((letter) => needed.includes(letter)) ? metadata : undefined;
}

/** The letters of a kind of metadata, as rsync sends them. */
export function metadataLetters({ metadata, hardLinks }: Pick<WireOptions, 'metadata' | 'hardLinks'>): string {
  if (metadata === 'none') return 't';
  const letters = METADATA_LETTERS[metadata];
  return hardLinks ? letters : letters.replace('H', '');
}
