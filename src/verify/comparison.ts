import { lstatSync } from 'node:fs';
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

/** Gathers the items of a checksum dry run as they come. */
export interface Comparer {
  add(item: Item): void;
  result(): Comparison;
}

/**
 * Makes a {@link Comparer}.
 * @param source absolute path of the compared directory
 * @param since when the snapshot was taken
 */
export function createComparer(source: string, since: Date): Comparer {
  const counts: Record<DifferenceKind, number> = { corruption: 0, missing: 0, metadata: 0, drift: 0, extra: 0 };
  const differences: Difference[] = [];
  let snapshotMissing = false;
  const root = Buffer.from(source.endsWith('/') ? source : `${source}/`);
  return {
    add: (item) => {
      if (item.isNew && item.name === './') snapshotMissing = true;
      const entry = item.isExtra ? undefined : lookUp(Buffer.concat([root, decodeName(item.name)]));
      const kind = classifyDifference(item, entry, since.getTime());
      if (kind === undefined) return;
      counts[kind] += 1;
      if (counts[kind] <= NAMED) {
        differences.push({ kind, name: displayName(item.name), what: describeDifference(item) });
      }
    },
    result: () => ({ counts: { ...counts }, differences: [...differences], snapshotMissing }),
  };
}

function lookUp(path: Buffer): SourceEntry | undefined {
  try {
    const { mtimeMs, ctimeMs } = lstatSync(path);
    return { lastChangeMs: Math.max(mtimeMs, ctimeMs) };
  } catch {
    return undefined; // gone, or no longer readable: the source has changed
  }
}
