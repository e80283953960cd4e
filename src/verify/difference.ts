import type { Item } from '../rsync/itemized.ts';
import type { ManifestEntry } from '../state/manifest.ts';

/** What a line of the checksum dry run means for the snapshot. */
export type DifferenceKind =
  /** The stored bytes are not those of the source although the source did not change. */
  | 'corruption'
  /** Not on the secondary although the source has had it since before the snapshot. */
  | 'missing'
  /** Owner, mode, times or ACL differ although the source did not change. */
  | 'metadata'
  /** The source has changed since the snapshot. */
  | 'drift'
  /**
   * The source was changed since, and neither its size nor its mtime shows it, so that rsync took it for unchanged; or it
   * was only touched, and the stored bytes are damaged. A push that compares by checksum tells which.
   */
  | 'unseen'
  /** Nothing but its time differs, and the secondary has what a file system keeps for a time that it cannot hold. No fault. */
  | 'clamped'
  /** Only the secondary has it: deleted from the source since, or put there by somebody else. */
  | 'extra';

/** The worst first: the order in which differences are told. */
export const WORST_FIRST: readonly DifferenceKind[] = [
  'corruption',
  'missing',
  'metadata',
  'unseen',
  'drift',
  'extra',
  'clamped',
];

/** What is known of the entry in the source now; undefined when it has gone. */
export interface SourceEntry {
  /**
   * Its ctime, in milliseconds since 1970, or when a directory above it was moved, if that was later: since then neither
   * content, name nor metadata has changed. Never the mtime: a program may set that to whatever it likes.
   */
  readonly lastChangeMs: number;
}

/** What the run that sealed a snapshot knew of an entry. */
export type KnownEntry =
  | { readonly kind: 'held'; readonly entry: Pick<ManifestEntry, 'kind' | 'size' | 'mtime'> }
  /** The snapshot never held it: it is new in the source, or was excluded then. */
  | { readonly kind: 'not-held' }
  /** No list of that snapshot is left. */
  | { readonly kind: 'unknown' };

/** The moments that a difference is judged by, in milliseconds since 1970. */
export interface Moments {
  /** What was not touched since then is what the snapshot held. */
  readonly since: number;
  /**
   * The same for content that differs under one size and mtime after a push: what was touched from then on, rsync may
   * have taken for unchanged. Without it such content is corruption always.
   */
  readonly unseenSince?: number | undefined;
}

/**
 * Tells what one itemised difference means (design.md#a-run). After a sealed run we know what was there, so what the secondary
 * lost or changed is told by what only the source's own kernel sets (ctime) and by what the run itself sent, under which
 * size and mtime. Either is proof enough of damage; what neither proves is drift. Content that differs under one size and
 * mtime is corruption in any case.
 * @param source the entry as it is now
 * @param known what the run that sealed the snapshot knew of it
 * @returns undefined when the line is no difference
 */
export function classifyDifference(
  item: Item,
  source: SourceEntry | undefined,
  { since, unseenSince = Infinity }: Moments,
  known: KnownEntry = { kind: 'unknown' },
): DifferenceKind | undefined {
  if (item.kind === 'device' || item.kind === 'special') return undefined; // never stored: facts.md#special-files
  if (item.isExtra) return 'extra';
  if (source === undefined) return 'drift';
  const untouched = source.lastChangeMs < since;
  if (item.isNew) return isLost(item, known, untouched) ? 'missing' : 'drift';
  const content = item.differs.includes('c') || item.differs.includes('s');
  if (!content && item.differs === '') return undefined;
  // A changed symlink has its target as content, and no size or mtime of its own to go by.
  const silently = content && item.kind === 'file' && !/[st]/.test(item.differs);
  if (silently) return source.lastChangeMs >= unseenSince ? 'unseen' : 'corruption';
  if (!untouched && !isAsSealed(item, known)) return 'drift';
  return content ? 'corruption' : 'metadata';
}

/** Whether the secondary must have had what it has not. */
function isLost(item: Item, known: KnownEntry, untouched: boolean): boolean {
  switch (known.kind) {
    case 'held':
      return known.entry.kind === item.kind; // otherwise the source has something else under that name by now
    case 'not-held':
      return false;
    case 'unknown':
      return untouched;
    default:
      return known satisfies never;
  }
}

/** Whether what differs is in the source what it was when the snapshot was sealed, so that the stored side has changed. */
function isAsSealed({ kind, differs, size, mtime }: Item, known: KnownEntry): boolean {
  if (known.kind !== 'held' || known.entry.kind !== kind) return false;
  const { entry } = known;
  return (differs.includes('s') && entry.size === size) || (differs.includes('t') && entry.mtime === mtime);
}

/** Which attributes differ, in words: `content, mtime`. */
export function describeDifference(item: Item): string {
  if (item.isExtra) return 'only on the secondary';
  if (item.isNew) return 'not on the secondary';
  const words: Readonly<Record<string, string>> = {
    c: item.kind === 'symlink' ? 'target' : 'content',
    s: 'size',
    t: 'mtime',
    T: 'mtime',
    p: 'mode',
    o: 'owner',
    g: 'group',
    a: 'ACL',
    x: 'xattr',
  };
  return Array.from(item.differs)
    .flatMap((letter) => words[letter] ?? [])
    .join(', ');
}
