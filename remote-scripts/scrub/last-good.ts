import { snapshotTime, type SnapshotId } from '../../src/shared/snapshot-id.ts';

import type { ManifestRecord } from '../store/manifest-records.ts';
import type { Inode } from './inodes.ts';

/**
 * When a file was last read and found good, as far as that is certain:
 *
 *   in the last cycle                   if the oldest snapshot that holds it had its manifest then
 *   when that manifest was made         if the file was read for it, and not inherited: it came with that snapshot, or all were read
 *   when the file came into being       otherwise: it has been read since, but the manifest that says when went with its snapshot
 *
 * @param holders the snapshots that hold it, oldest first
 * @param file undefined where it is gone
 * @param lastCycle when the last complete cycle began (ISO 8601, UTC)
 * @returns ISO 8601, UTC; null when nothing is certain
 */
export function lastProvenAt(
  holders: readonly { readonly id: SnapshotId; readonly record: Pick<ManifestRecord, 'madeAt' | 'from'> }[],
  file: Pick<Inode, 'birthtimeMs'> | undefined,
  lastCycle: string | undefined,
): string | null {
  const [oldest] = holders;
  if (oldest === undefined) return null;
  const { madeAt, from } = oldest.record;
  const born = file?.birthtimeMs ?? 0;
  const isNew = from === null || born >= snapshotTime(oldest.id).getTime();
  const first = isNew ? madeAt : born > 0 ? new Date(born).toISOString() : null;
  if (lastCycle === undefined || Date.parse(madeAt) >= Date.parse(lastCycle)) return first;
  return lastCycle;
}
