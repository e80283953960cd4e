import { lstatSync } from 'node:fs';
import { hasForeignClock } from '../platform/files.ts';
import { displayName, decodeName, type Item } from '../rsync/itemized.ts';
import { classifyDifference, describeDifference, type DifferenceKind, type SourceEntry } from './difference.ts';

/** One difference, for people. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly name: string;
  readonly what: string;
}

/** All differences of one verification, counted; the first of each kind by name. */
export interface Comparison {
  readonly counts: Readonly<Record<DifferenceKind, number>>;
  readonly differences: readonly Difference[];
  /** Not even the snapshot's directory is there. */
  readonly snapshotMissing: boolean;
}

/** Differences of one kind that are kept by name; the rest is only counted, so that memory stays bounded. */
const NAMED = 200;

/**
 * An entry that changed by this much before the snapshot (milliseconds) still counts as changed since. The times of a
 * file come from a clock that the kernel moves on every few milliseconds; those of a file server from its own clock.
 * Not more than needed: a dump is often only seconds old when it is sent, and its loss there is to be told as a loss.
 */
const SLACK = { own: 1000, foreign: 5 * 60_000 } as const;

/**
 * The same for content that differs under one size and mtime (milliseconds): the kernel moves that clock on every 10 ms at
 * the most. Nothing is added for a file server: what was damaged there before the push began must not pass for a change.
 */
const UNSEEN_SLACK = 50;

/** Gathers the items of a checksum dry run as they come. */
export interface Comparer {
  add(item: Item): void;
  result(): Comparison;
}

/**
 * Makes a {@link Comparer}.
 * @param source absolute path of the compared directory
 * @param since when the snapshot was taken
 * @param unseenSince for content that differs under one size and mtime: since when a change of that entry, named as rsync
 *   wrote it, counts as unseen by rsync
 */
export function createComparer(source: string, since: Date, unseenSince?: (name: string) => Date): Comparer {
  const counts: Record<DifferenceKind, number> = {
    corruption: 0,
    missing: 0,
    metadata: 0,
    drift: 0,
    unseen: 0,
    extra: 0,
  };
  const differences: Difference[] = [];
  let snapshotMissing = false;
  const root = Buffer.from(source.endsWith('/') ? source : `${source}/`);
  const changedFrom = since.getTime() - SLACK[hasForeignClock(source) ? 'foreign' : 'own'];
  const lookUp = createLookUp(root);
  return {
    add: (item) => {
      if (item.isNew && item.name === './') snapshotMissing = true;
      const entry = item.isExtra ? undefined : lookUp(decodeName(item.name));
      const unseenFrom = unseenSince && unseenSince(item.name).getTime() - UNSEEN_SLACK;
      const kind = classifyDifference(item, entry, changedFrom, unseenFrom);
      if (kind === undefined) return;
      counts[kind] += 1;
      if (counts[kind] <= NAMED) {
        differences.push({ kind, name: displayName(item.name), what: describeDifference(item) });
      }
    },
    result: () => ({ counts: { ...counts }, differences: [...differences], snapshotMissing }),
  };
}

/** Directories whose last move is kept at a time: what rsync reports lies together. */
const KEPT_DIRECTORIES = 1000;

/** Makes a function that looks at an entry of the source, by its name below `root`. */
function createLookUp(root: Buffer): (name: Buffer) => SourceEntry | undefined {
  const moves = new Map<string, number>();
  const movedMs = (name: Buffer): number => {
    const slash = name.lastIndexOf(0x2f, name.length - 2);
    if (slash <= 0) return -Infinity;
    const directory = name.subarray(0, slash);
    const key = directory.toString('latin1');
    const known = moves.get(key);
    if (known !== undefined) return known;
    if (moves.size >= KEPT_DIRECTORIES) moves.clear();
    const found = Math.max(lastMoveMs(Buffer.concat([root, directory])), movedMs(directory));
    moves.set(key, found);
    return found;
  };
  return (name) => {
    try {
      const { mtimeMs, ctimeMs } = lstatSync(Buffer.concat([root, name]));
      return { lastChangeMs: Math.max(mtimeMs, ctimeMs, movedMs(name)) };
    } catch {
      return undefined; // gone, or no longer readable: the source has changed
    }
  };
}

/**
 * When a directory was last moved, as far as that can be told. A move brings other files under known names and leaves
 * no trace on them, only on the ctime of the directory; a new entry in it sets mtime and ctime alike.
 */
function lastMoveMs(directory: Buffer): number {
  const { mtimeMs, ctimeMs } = lstatSync(directory);
  return ctimeMs > mtimeMs ? ctimeMs : -Infinity;
}
