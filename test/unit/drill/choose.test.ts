import { expect, it } from 'vitest';
import { chooseSnapshots, isDue } from '../../../remote-scripts/drill/choose.ts';
import type { Drill } from '../../../remote-scripts/store/drill-record.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-23T12:00:00Z');
const id = (day: number) => parseSnapshotId(`2026-11-${String(day).padStart(2, '0')}T021500Z`)!;
const made = (which: Drill['which'], day: number, age: number): Drill => ({
  ...{ id: id(day), which, started: new Date(NOW.getTime() - age), durationMs: 1000, ok: true },
  ...{ whole: 1, broken: [], unchecked: [], failure: undefined, output: [] },
});

it('takes the newest, and the older ones by turns from the newest of them to the oldest', () => {
  const ids = [id(20), id(21), id(22), id(23)];
  const drills: Drill[] = [];
  const old: string[] = [];
  for (let week = 0; week < 5; week += 1) {
    const chosen = chooseSnapshots(ids, drills);
    expect(chosen[0]).toEqual({ id: id(23), which: 'newest' });
    old.push(chosen[1]!.id);
    drills.unshift(made('old', Number(chosen[1]!.id.slice(8, 10)), 0));
  }
  expect(old).toEqual([id(22), id(21), id(20), id(22), id(21)]);
});

it('goes on where it was, although snapshots have come and gone meanwhile', () => {
  expect(chooseSnapshots([id(10), id(21), id(23)], [made('old', 15, DAY)])[1]).toEqual({ id: id(10), which: 'old' });
  expect(chooseSnapshots([id(21), id(23)], [made('old', 15, DAY)])[1]).toEqual({ id: id(21), which: 'old' });
});

it('is content with one snapshot, or with none', () => {
  expect(chooseSnapshots([id(23)], [])).toEqual([{ id: id(23), which: 'newest' }]);
  expect(chooseSnapshots([], [])).toEqual([]);
});

it('is due after its time, a little early since a timer is not exact, and after a clock that was wrong', () => {
  expect(isDue([], 7 * DAY, NOW)).toBe(true);
  expect(isDue([made('newest', 16, 7 * DAY - 3_600_000)], 7 * DAY, NOW)).toBe(true);
  expect(isDue([made('newest', 17, 6 * DAY)], 7 * DAY, NOW)).toBe(false);
  expect(isDue([made('newest', 17, -30 * DAY)], 7 * DAY, NOW)).toBe(true);
  // What somebody has tried out by hand is no reason to leave the newest one out.
  expect(isDue([made('old', 1, DAY), made('newest', 16, 8 * DAY)], 7 * DAY, NOW)).toBe(true);
});
