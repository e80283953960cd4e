import type { Item } from '../rsync/itemized.ts';

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
  /** Only the secondary has it: deleted from the source since, or put there by somebody else. */
  | 'extra';

/** The worst first: the order in which differences are told. */
export const WORST_FIRST: readonly DifferenceKind[] = ['corruption', 'missing', 'metadata', 'unseen', 'drift', 'extra'];

/** What is known of the entry in the source now; undefined when it has gone. */
export interface SourceEntry {
  /**
   * Later of mtime and ctime, in milliseconds since 1970: when content, name or metadata last changed, or when a
   * directory above it was moved.
   */
  readonly lastChangeMs: number;
}

/**
 * Tells what one itemised difference means (DESIGN 5): a checksum that differs under the same size and mtime is
 * corruption; with another size or mtime it is drift, if the source did change after `since`. A file that was cut
 * short on the secondary has another size too, but its source is as old as before.
 * @param source the entry as it is now
 * @param since what changed from then on (milliseconds since 1970) counts as changed since the snapshot
 * @param unseenSince the same, for content that differs under one size and mtime; by default that is corruption always
 * @returns undefined when the line is no difference
 */
export function classifyDifference(
  item: Item,
  source: SourceEntry | undefined,
  since: number,
  unseenSince = Infinity,
): DifferenceKind | undefined {
  if (item.kind === 'device' || item.kind === 'special') return undefined; // never stored: FACTS 11
  if (item.isExtra) return 'extra';
  if (source === undefined) return 'drift';
  const changed = source.lastChangeMs >= since;
  if (item.isNew) return changed ? 'drift' : 'missing';
  const content = item.differs.includes('c') || item.differs.includes('s');
  if (!content) {
    if (item.differs === '') return undefined;
    return changed ? 'drift' : 'metadata';
  }
  // A changed symlink has its target as content, and no size or mtime of its own to go by.
  const silently = item.kind === 'file' && !/[st]/.test(item.differs);
  if (silently) return source.lastChangeMs >= unseenSince ? 'unseen' : 'corruption';
  return changed ? 'drift' : 'corruption';
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
