import { join } from 'node:path';
import { makeDirectories } from '../platform/files.ts';
import { ReadError, type SnapshotSource } from '../read/snapshot-source.ts';
import { displayName, encodeName, decodeName } from '../rsync/itemized.ts';
import { contentsArguments, type ReadScope } from '../rsync/read-arguments.ts';
import type { StoredItem } from '../rsync/stored-item.ts';
import { interruptionOf, type Failure } from '../run/failure.ts';
import { isOwn, OWN } from './own-directory.ts';
import { readFrom, type ReadDeps } from './reading.ts';

/**
 * Goes through what a snapshot holds, without fetching it.
 * @throws ReadError when the session failed
 */
export async function readContents(
  source: SnapshotSource,
  scope: ReadScope,
  deps: ReadDeps,
  onItem: (item: StoredItem) => void,
): Promise<void> {
  const empty = join(deps.scratch, 'empty');
  await makeDirectories(empty);
  const { failure } = await readFrom(source, contentsArguments(scope, empty), { onItem }, deps);
  if (deps.signal.aborted) throw new ReadError(interruptionOf(deps.signal));
  if (failure !== undefined) throw new ReadError(failure);
}

/** How much a snapshot holds, or the wanted part of it. */
export interface Extent {
  /** Regular files: each name counts. */
  readonly files: number;
  readonly bytes: number;
  /** Entries of an owner or group that only root can give. */
  readonly foreign: number;
  /** Entries that are not restored, because they would be in the place of our own. */
  readonly leftOut: number;
}

/**
 * Measures what is wanted, and makes sure that all of it is there.
 * @param names see parseNames; empty for everything
 * @throws ReadError when the snapshot has no entry of one of these names
 * @throws ReadError when the session failed
 */
export async function measure(
  source: SnapshotSource,
  scope: ReadScope,
  names: readonly Buffer[],
  deps: ReadDeps,
): Promise<Extent> {
  const missing = new Set(names.map((name) => name.toString('latin1')));
  if ([...missing].some(isOwn)) throw new ReadError(keptForUs());
  let [files, bytes, foreign, leftOut] = [0, 0, 0, 0];
  const uid = process.getuid?.() ?? 0;
  // Nothing is written here, so what is left out may be told.
  await readContents(source, { ...scope, exclude: [] }, deps, (item) => {
    const name = nameBytes(item);
    missing.delete(name);
    if (isOwn(name)) {
      leftOut += 1;
      return;
    }
    if (item.kind === 'file') {
      files += 1;
      bytes += item.size;
    }
    if (uid !== 0 && (item.uid !== uid || item.gid === undefined)) foreign += 1;
  });
  if (missing.size > 0) {
    const [first = ''] = missing;
    const more = missing.size > 1 ? ` (and ${missing.size - 1} more)` : '';
    throw new ReadError({
      outcome: 'usage',
      reason: `The snapshot has no "${displayName(encodeName(Buffer.from(first, 'latin1')))}"${more}. Names are those below the source of the job; nothing was written.`,
      advice: 'Another snapshot may have it: offsite-rsync list shows which there are, and --snapshot names one.',
    });
  }
  return { files, bytes, foreign, leftOut };
}

function keptForUs(): Failure {
  return {
    outcome: 'usage',
    reason: `A restore keeps its own files under the name ${OWN}, so nothing of that name is restored; nothing was written.`,
    advice: 'offsite-rsync cat brings a file of it.',
  };
}

/** The name of an entry as a string of bytes, without the slash of a directory. */
export function nameBytes({ name }: Pick<StoredItem, 'name'>): string {
  return decodeName(name).toString('latin1').replace(/\/$/, '');
}
