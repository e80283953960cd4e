import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { Drill } from '../store/drill-record.ts';

/** A timer is not exact, and what is due in two hours would wait for another day. */
const EARLY = 2 * 3_600_000;

/**
 * Whether a job is to be drilled now.
 * @param every milliseconds from one drill to the next
 */
export function isDue(drills: readonly Drill[], every: number, now: Date): boolean {
  const last = drills.find(({ which }) => which === 'newest');
  // A clock that was set back must not put drills off for ever.
  return last === undefined || Math.abs(now.getTime() - last.started.getTime()) >= every - EARLY;
}

/** A snapshot to be drilled. */
export type Chosen = Pick<Drill, 'id' | 'which'>;

/**
 * The newest snapshot and an older one by turns: the next older than the one before, and from the oldest back to the start.
 * @param ids all sealed snapshots that are not in quarantine
 */
export function chooseSnapshots(ids: readonly SnapshotId[], drills: readonly Drill[]): Chosen[] {
  const [newest, ...older] = ids.toSorted().toReversed();
  if (newest === undefined) return [];
  const before = drills.find(({ which }) => which === 'old');
  const old = older.find((id) => before === undefined || id < before.id) ?? older[0];
  return [{ id: newest, which: 'newest' }, ...(old === undefined ? [] : [{ id: old, which: 'old' } as const])];
}
