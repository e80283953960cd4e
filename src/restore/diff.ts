import type { SnapshotSource } from '../read/snapshot-source.ts';
import type { ItemKind } from '../rsync/itemized.ts';
import type { StoredItem } from '../rsync/stored-item.ts';
import type { ListedSnapshot } from '../shared/store-listing.ts';
import { readContents } from './contents.ts';
import { scopeOf, type ReadDeps } from './reading.ts';

/** An entry of one of two snapshots. */
export interface DiffEntry {
  /** As rsync writes it; that of a directory ends in a slash. */
  readonly name: string;
  readonly kind: ItemKind;
  /** Bytes of a file; 0 for anything else. */
  readonly size: number;
}

/** An entry that both have, not the same. */
export interface ChangedEntry extends DiffEntry {
  readonly before: number;
  /** What differs: `size`, `time`, `mode`, `owner`, `group`, `target`, `kind`. */
  readonly what: readonly string[];
}

/** What changed from one snapshot to another. */
export interface SnapshotDiff {
  readonly new: readonly DiffEntry[];
  readonly gone: readonly DiffEntry[];
  readonly changed: readonly ChangedEntry[];
}

/** What is compared of an entry. */
type Facts = Pick<StoredItem, 'kind' | 'size' | 'mtime' | 'mode' | 'uid' | 'gid' | 'target'>;

/**
 * Compares what two snapshots hold: kinds, sizes, times to the second, modes, owners, groups, targets of links. Not compared: contents of the
 * same size and time, ACLs, which names are one file; and the time of a directory alone, which changes with what is in it.
 * @throws ReadError when one of them cannot be read
 */
export async function diffSnapshots(
  source: SnapshotSource,
  job: string,
  [from, to]: readonly [ListedSnapshot, ListedSnapshot],
  deps: ReadDeps,
): Promise<SnapshotDiff> {
  const before = new Map<string, Facts>();
  await readAll(source, job, from, deps, (name, facts) => before.set(name, facts));
  const added: DiffEntry[] = [];
  const changed: ChangedEntry[] = [];
  await readAll(source, job, to, deps, (name, facts) => {
    const earlier = before.get(name);
    before.delete(name);
    if (earlier === undefined) {
      added.push(entryOf(name, facts));
      return;
    }
    const what = whatChanged(earlier, facts);
    if (what.length > 0) changed.push({ ...entryOf(name, facts), before: sizeOf(earlier), what });
  });
  const gone = [...before].map(([name, facts]) => entryOf(name, facts));
  return { new: byName(added), gone: byName(gone), changed: byName(changed) };
}

async function readAll(
  source: SnapshotSource,
  job: string,
  snapshot: ListedSnapshot,
  deps: ReadDeps,
  take: (name: string, facts: Facts) => void,
): Promise<void> {
  const scope = await scopeOf({ source, job, snapshot }, [], [], deps);
  await readContents(source, scope, deps, ({ name, kind, size, mtime, mode, uid, gid, target }) =>
    take(name, { kind, size, mtime, mode, uid, gid, target }),
  );
}

function whatChanged(a: Facts, b: Facts): string[] {
  if (a.kind !== b.kind) return ['kind'];
  const isFile = a.kind === 'file';
  return [
    ...(isFile && a.size !== b.size ? ['size'] : []),
    ...(a.kind !== 'directory' && a.mtime !== b.mtime ? ['time'] : []),
    ...(a.mode === b.mode ? [] : ['mode']),
    ...(a.uid === b.uid ? [] : ['owner']),
    ...(a.gid === b.gid ? [] : ['group']),
    ...(a.target === b.target ? [] : ['target']),
  ];
}

function entryOf(name: string, facts: Facts): DiffEntry {
  return { name, kind: facts.kind, size: sizeOf(facts) };
}

function sizeOf({ kind, size }: Facts): number {
  return kind === 'file' ? size : 0;
}

function byName<T extends DiffEntry>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
