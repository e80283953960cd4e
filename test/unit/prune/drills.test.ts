import { expect, it } from 'vitest';
import { assessDrills, drillProblems, drillRemarks } from '../../../remote-scripts/prune/drills.ts';
import type { Drill } from '../../../remote-scripts/store/drill-record.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-23T12:00:00Z');
const WEEKLY = { everyMs: 7 * DAY, checks: 'auto', command: undefined, timeoutMs: DAY } as const;
const id = (day: number) => parseSnapshotId(`2026-11-${String(day).padStart(2, '0')}T021500Z`)!;
const IDS = [20, 21, 22, 23].map(id);
const made = (which: Drill['which'], day: number, age: number, failure?: string): Drill => ({
  ...{ id: id(day), which, started: new Date(NOW.getTime() - age), durationMs: 1000, ok: failure === undefined },
  ...{ whole: 1, broken: [], unchecked: [], failure, output: [] },
});
const keys = (standing: ReturnType<typeof assessDrills>) => drillProblems('web1', 'db', standing).map(({ key }) => key);

it('all is well with a drill of this week', () => {
  const standing = assessDrills(WEEKLY, [made('newest', 22, DAY), made('old', 20, DAY)], IDS, NOW);
  expect(keys(standing)).toEqual([]);
  expect(drillRemarks(standing)).toEqual({ remarks: [], wrong: false });
});

it('a failure counts until the next drill of its kind, or until its snapshot is gone', () => {
  const failed = [made('newest', 22, DAY), made('old', 20, DAY, 'no table')];
  expect(keys(assessDrills(WEEKLY, failed, IDS, NOW))).toEqual(['drill:db']);
  expect(keys(assessDrills(WEEKLY, [made('old', 21, 0), ...failed], IDS, NOW))).toEqual([]);
  expect(keys(assessDrills(WEEKLY, failed, IDS.slice(1), NOW))).toEqual([]);
});

it('is overdue when the timer has had two days more, and never where no drill is wanted', () => {
  expect(keys(assessDrills(WEEKLY, [made('newest', 14, 9 * DAY)], IDS, NOW))).toEqual([]);
  const late = assessDrills(WEEKLY, [made('newest', 13, 10 * DAY)], IDS, NOW);
  expect(keys(late)).toEqual(['drill-overdue:db']);
  expect(drillRemarks(late)).toEqual({ remarks: ['drill overdue by 1 d'], wrong: true });
  expect(keys(assessDrills(undefined, [made('newest', 13, 10 * DAY)], IDS, NOW))).toEqual([]);
});

it('waits with the news that there was none yet: the timer starts once a day', () => {
  const [problem] = drillProblems('web1', 'db', assessDrills(WEEKLY, [], IDS, NOW));
  expect(problem).toMatchObject({ key: 'drill-overdue:db', patience: 2 * DAY, reason: 'there was no drill yet' });
  expect(drillRemarks(assessDrills(WEEKLY, [], IDS, NOW)).wrong).toBe(false);
  expect(keys(assessDrills(WEEKLY, [], [], NOW))).toEqual([]); // nothing to make one with
});
