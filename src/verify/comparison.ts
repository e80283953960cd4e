import { lstatSync } from 'node:fs';
import { hasForeignClock } from '../platform/files.ts';
import { displayName, decodeName, type Item } from '../rsync/itemized.ts';
import type { UnreadableFile } from '../rsync/read-errors.ts';
import type { Manifest } from '../state/manifest.ts';
import {
  classifyDifference,
  describeDifference,
  type DifferenceKind,
  type KnownEntry,
  type SourceEntry,
} from './difference.ts';
import { describeClamped, mayBeClamped } from './time-limits.ts';

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
  /** The snapshot's directory does not exist. */
  readonly snapshotMissing: boolean;
  /** Files that this host could not read. Nothing is known about them, and no count includes them. */
  readonly unread: readonly UnreadableFile[];
}

/** Number of differences of each kind that are kept by name. The rest are only counted, so that memory stays bounded. */
const NAMED = 200;

/** Number of entries that are examined because the secondary may be unable to hold their time. Any more are judged by their time. */
const UNDECIDED = 50_000;

/**
 * An entry may have been touched after a moment even if its ctime lies up to this many milliseconds before it. The kernel takes
 * ctimes from a clock that advances at least every 10 ms; those of a file server come from the server's own clock. So the ctime cannot
 * reveal damage to files that changed within five minutes before the moment; the list of what the run sent reveals most of it. Content
 * that differs with the same size and mtime gets no such allowance, because nothing else would reveal it.
 */
const SLACK = { own: 50, foreign: 5 * 60_000, unseen: 50 } as const;

/** Collects the items of a checksum dry run as they arrive. */
export interface Comparer {
  add(item: Item): void;
  /** Entries that are no fault if the secondary has the time that a file system stores for one that it cannot hold. */
  undecided(): readonly Item[];
  /** @param kept those of {@link undecided} that are no fault, by name, with the time that the secondary has */
  result(kept?: ReadonlyMap<string, number>): Comparison;
}

/** The basis on which a comparison is judged. */
export interface Witnesses {
  /** An entry that, according to the source's kernel, has not been touched since this moment is what was stored. */
  readonly since: Date;
  /**
   * After a push, for content that differs with the same size and mtime: since when rsync may have missed a change of the entry
   * with this name (as rsync wrote it).
   */
  readonly unseenSince?: ((name: string) => Date) | undefined;
  /** What the run that sealed the snapshot sent. */
  readonly manifest?: Pick<Manifest, 'entry'> | undefined;
  /** Whether the times of the source come from another machine's clock; by default its file system says so. */
  readonly foreignClock?: boolean;
}

/**
 * Makes a {@link Comparer}.
 * @param source absolute path of the compared directory
 */
export function createComparer(source: string, witnesses: Witnesses): Comparer {
  const { since, unseenSince, manifest, foreignClock = hasForeignClock(source) } = witnesses;
  const counts: Record<DifferenceKind, number> = {
    corruption: 0,
    missing: 0,
    metadata: 0,
    unlinked: 0,
    drift: 0,
    unseen: 0,
    extra: 0,
    clamped: 0,
  };
  const undecided = new Map<Item, DifferenceKind>();
  const differences: Difference[] = [];
  let snapshotMissing = false;
  const count = (kind: DifferenceKind, { name }: Item, what: string): void => {
    counts[kind] += 1;
    if (counts[kind] <= NAMED) differences.push({ kind, name: displayName(name), what });
  };
  const root = Buffer.from(source.endsWith('/') ? source : `${source}/`);
  const lookUp = createLookUp(root);
  const touchedFrom = since.getTime() - SLACK[foreignClock ? 'foreign' : 'own'];
  return {
    add: (item) => {
      if (item.isNew && item.name === './') snapshotMissing = true;
      const entry = item.isExtra ? undefined : lookUp(decodeName(item.name));
      const moments = {
        since: touchedFrom,
        unseenSince: unseenSince && unseenSince(item.name).getTime() - SLACK.unseen,
      };
      const kind = classifyDifference(item, entry, moments, knownOf(item, manifest));
      if (kind === undefined) return;
      if (mayBeClamped(item) && undecided.size < UNDECIDED) undecided.set(item, kind);
      else count(kind, item, describeDifference(item));
    },
    undecided: () => [...undecided.keys()],
    result: (kept) => {
      for (const [item, kind] of undecided) {
        const time = kept?.get(item.name);
        if (time === undefined) count(kind, item, describeDifference(item));
        else count('clamped', item, describeClamped(item, time));
      }
      undecided.clear();
      return { counts: { ...counts }, differences: [...differences], snapshotMissing, unread: [] };
    },
  };
}

function knownOf({ isExtra, name }: Item, manifest: Witnesses['manifest']): KnownEntry {
  if (manifest === undefined || isExtra) return { kind: 'unknown' };
  const entry = manifest.entry(name);
  return entry === undefined ? { kind: 'not-held' } : { kind: 'held', entry };
}

/** Number of directories whose last move is cached; the entries that rsync reports are close together. */
const KEPT_DIRECTORIES = 1000;

/** Makes a function that examines an entry of the source, by its name below `root`. */
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
      const { ctimeMs } = lstatSync(Buffer.concat([root, name]));
      return { lastChangeMs: Math.max(ctimeMs, movedMs(name)) };
    } catch {
      return undefined; // gone, or no longer readable: the source has changed
    }
  };
}

/**
 * When a directory was last moved, as far as that can be determined. A move brings other files under known names and leaves no trace on
 * them, only on the ctime of the directory. A new entry in a directory, in contrast, sets both its mtime and its ctime.
 */
function lastMoveMs(directory: Buffer): number {
  const { mtimeMs, ctimeMs } = lstatSync(directory);
  return ctimeMs > mtimeMs ? ctimeMs : -Infinity;
}
