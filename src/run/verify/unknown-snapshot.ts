import { absentSnapshot } from '../../shared/gate-words.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { readHistoryIfFit } from '../../state/history.ts';
import type { Comparison } from '../../verify/comparison.ts';
import type { RunRequest } from '../request.ts';

/** Number of ids that are named; the history has all of them. */
const NAMED = 10;

/**
 * Handles a requested snapshot that is not on the secondary. Its id was mistyped, unless this host has sealed it.
 * @param end how its verification ended
 * @param wasSealed whether this host knows from elsewhere that the snapshot was sealed
 * @returns the reason, with the ids that this host knows; undefined if the snapshot exists or has been lost
 * @throws NodeJS.ErrnoException when the history cannot be read
 */
export async function unknownSnapshot(
  { job, target, settings }: RunRequest,
  snapshot: SnapshotId,
  { reason, comparison }: { readonly reason: string | undefined; readonly comparison: Comparison | undefined },
  wasSealed: boolean,
): Promise<string | undefined> {
  const absent = comparison?.snapshotMissing === true || reason === absentSnapshot(snapshot);
  if (wasSealed || !absent) return undefined;
  const known: SnapshotId[] = [];
  await readHistoryIfFit(settings.stateDirectory, (record) => {
    if (record.job === job.name && record.target === target.name && record.snapshot) known.push(record.snapshot);
  });
  if (known.includes(snapshot)) return undefined;
  const newest = known.slice(-NAMED).reverse().join(', ');
  const more = known.length > NAMED ? `, and ${known.length - NAMED} older` : '';
  const ids = known.length === 0 ? 'This host knows of none' : `This host knows of ${newest}${more}`;
  return `there is no snapshot ${snapshot} of ${job.name} on ${target.name}. ${ids}`;
}
