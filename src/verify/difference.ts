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
  /**
   * In the source a name of the same file as others, on the secondary a file of its own although the source did not change. Of what is in
   * it this says nothing (see {@link isUnlinked}).
   */
  | 'unlinked'
  /** The source has changed since the snapshot. */
  | 'drift'
  /**
   * Either the source has changed since without a change of size and mtime, so that rsync took it for unchanged; or it was only
   * touched, and the stored bytes are damaged. A push that compares by checksum shows which.
   */
  | 'unseen'
  /** Only its time differs, and the secondary has what a file system stores for a time that it cannot hold. No fault. */
  | 'clamped'
  /** Only the secondary has it: deleted from the source since, or put there by somebody else. */
  | 'extra';

/** Worst first: the order in which differences are reported. */
export const WORST_FIRST: readonly DifferenceKind[] = [
  'corruption',
  'missing',
  'metadata',
  'unlinked',
  'unseen',
  'drift',
  'extra',
  'clamped',
];

/** What is known about the entry in the source now; undefined when it is gone. */
export interface SourceEntry {
  /**
   * Its ctime in milliseconds since 1970, or the time when a directory above it was moved, if that is later. Since then neither content,
   * name nor metadata has changed. Never the mtime, because a program can set that to any value.
   */
  readonly lastChangeMs: number;
}

/** What the run that sealed a snapshot knew about an entry. */
export type KnownEntry =
  | { readonly kind: 'held'; readonly entry: Pick<ManifestEntry, 'kind' | 'size' | 'mtime'> }
  /** The snapshot never contained it: it is new in the source, or was excluded then. */
  | { readonly kind: 'not-held' }
  /** The list of that snapshot no longer exists. */
  | { readonly kind: 'unknown' };

/** The moments by which a difference is judged, in milliseconds since 1970. */
export interface Moments {
  /** What was not touched since then is what the snapshot contained. */
  readonly since: number;
  /**
   * The same for content that differs with the same size and mtime after a push: rsync may have taken entries touched since then for
   * unchanged. If undefined, such content is always corruption.
   */
  readonly unseenSince?: number | undefined;
}

/**
 * Decides what one itemised difference means (design.md#a-run). After a sealed run we know what was stored. Two things show that the
 * secondary has lost or changed it: the ctime, which only the source's own kernel sets, and the record of what the run sent, with size
 * and mtime. Either is proof of damage; what neither proves is drift. Content that differs with the same size and mtime is corruption in
 * any case.
 * @param source the entry as it is now
 * @param known what the run that sealed the snapshot knew about it
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
  if (isUnlinked(item)) return untouched ? 'unlinked' : 'drift';
  const content = item.differs.includes('c') || item.differs.includes('s');
  if (!content && item.differs === '') return undefined;
  // The content of a symlink is its target, and it has no size or mtime of its own to compare.
  const silently = content && item.kind === 'file' && !/[st]/.test(item.differs);
  if (silently) return source.lastChangeMs >= unseenSince ? 'unseen' : 'corruption';
  if (!untouched && !isAsSealed(item, known)) return 'drift';
  return content ? 'corruption' : 'metadata';
}

/**
 * Whether an entry that is a further name of a file in the source is a file of its own on the secondary. Of such an entry rsync compares no
 * content, not even with `-c` (facts.md#broken-hard-links).
 */
export function isUnlinked({ action, isNew }: Item): boolean {
  return action === 'linked' && !isNew;
}

/** Whether the secondary must once have had the entry that is missing there. */
function isLost(item: Item, known: KnownEntry, untouched: boolean): boolean {
  switch (known.kind) {
    case 'held':
      return known.entry.kind === item.kind; // otherwise the source now has something else under that name
    case 'not-held':
      return false;
    case 'unknown':
      return untouched;
    default:
      return known satisfies never;
  }
}

/** Whether the source still has what it had when the snapshot was sealed, so that the stored side must have changed. */
function isAsSealed({ kind, differs, size, mtime }: Item, known: KnownEntry): boolean {
  if (known.kind !== 'held' || known.entry.kind !== kind) return false;
  const { entry } = known;
  return (differs.includes('s') && entry.size === size) || (differs.includes('t') && entry.mtime === mtime);
}

/** Which attributes differ, in words: `content, mtime`. */
export function describeDifference(item: Item): string {
  if (item.isExtra) return 'only on the secondary';
  if (item.isNew) return 'not on the secondary';
  if (isUnlinked(item)) return 'hard link';
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
