import { parseItem, type Item } from './itemized.ts';

/** What one line of rsync's standard output means. */
export type OutputEvent =
  | { readonly kind: 'item'; readonly item: Item }
  /** `bytes`: of the files transferred so far and of the current one; linked files do not count. */
  | { readonly kind: 'progress'; readonly bytes: number }
  /** What the source contains, by kinds. */
  | { readonly kind: 'counts'; readonly counts: EntryCounts }
  | { readonly kind: 'stat'; readonly key: keyof TransferStats; readonly value: number }
  | { readonly kind: 'protocol'; readonly remote: number }
  | { readonly kind: 'checksum'; readonly algorithm: string }
  | { readonly kind: 'created-destination' }
  | { readonly kind: 'skipped'; readonly what: 'non-regular' }
  | { readonly kind: 'other'; readonly text: string };

/** Entries of a source, by kinds. */
export interface EntryCounts {
  readonly regularFiles: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Devices, FIFOs and sockets. */
  readonly specials: number;
}

/** The other figures of `--stats` that we use; counts and bytes. */
export interface TransferStats {
  /** Bytes of all files in the source. */
  readonly totalBytes: number;
  /** Regular files whose content was sent, whole or as a delta. */
  readonly transferredFiles: number;
  readonly transferredBytes: number;
  /** Of the transferred files: bytes sent literally, and bytes found in a basis. */
  readonly literalBytes: number;
  readonly matchedBytes: number;
  /** Bytes on the wire within ssh, after compression. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

const STATS: readonly (readonly [RegExp, keyof TransferStats])[] = [
  [/^Total file size: ([\d,]+)/, 'totalBytes'],
  [/^Number of regular files transferred: ([\d,]+)/, 'transferredFiles'],
  [/^Total transferred file size: ([\d,]+)/, 'transferredBytes'],
  [/^Literal data: ([\d,]+)/, 'literalBytes'],
  [/^Matched data: ([\d,]+)/, 'matchedBytes'],
  [/^Total bytes sent: ([\d,]+)/, 'sentBytes'],
  [/^Total bytes received: ([\d,]+)/, 'receivedBytes'],
];

/** A line of `--info=progress2`. */
const PROGRESS = /^\s*([\d,]+)\s+\d+%\s+\S+\s+\S+(?: \(xfr#\d+, (?:to|ir)-chk=\d+\/\d+\))?\s*$/;

/**
 * Reads one line that rsync wrote with our options (`--out-format`, `--stats`, `--info=progress2`, `--debug=PROTO,NSTR`).
 * @param withWire whether items carry `%b` (a push)
 */
export function readOutputLine(line: string, withWire: boolean): OutputEvent {
  const item = parseItem(line, withWire);
  if (item) return { kind: 'item', item };
  const progress = PROGRESS.exec(line);
  if (progress) return { kind: 'progress', bytes: count(progress[1] ?? '0') };
  for (const [pattern, key] of STATS) {
    const match = pattern.exec(line);
    if (match) return { kind: 'stat', key, value: count(match[1] ?? '0') };
  }
  const kinds = /^Number of files: [\d,]+ \((.*)\)$/.exec(line)?.[1];
  if (kinds !== undefined) return { kind: 'counts', counts: readCounts(kinds) };
  const protocol = /^\(Client\) Protocol versions: remote=(\d+)/.exec(line);
  if (protocol) return { kind: 'protocol', remote: Number(protocol[1]) };
  const checksum = /^Client (?:negotiated )?checksum: (\w+)/.exec(line);
  if (checksum) return { kind: 'checksum', algorithm: checksum[1] ?? '' };
  // "created 2 directories for job/ID" and "created directory job/ID": rsync made the destination, so it was not there.
  if (/^created (?:\d+ director(?:y|ies) for|directory) /.test(line)) return { kind: 'created-destination' };
  if (line.startsWith('skipping non-regular file ')) return { kind: 'skipped', what: 'non-regular' };
  return { kind: 'other', text: line };
}

/** `reg: 7, dir: 2, link: 1, dev: 1, special: 1`; kinds without entries are left out. */
function readCounts(kinds: string): EntryCounts {
  const of = (name: string) => count(new RegExp(`\\b${name}: ([\\d,]+)`).exec(kinds)?.[1] ?? '0');
  return {
    regularFiles: of('reg'),
    directories: of('dir'),
    symlinks: of('link'),
    specials: of('dev') + of('special'),
  };
}

function count(text: string): number {
  return Number(text.replaceAll(',', ''));
}
