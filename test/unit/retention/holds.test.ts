import { describe, expect, it } from 'vitest';
import { checkHolds, type HoldContext, type SizedSnapshot } from '../../../remote-scripts/retention/holds.ts';
import type { Decision } from '../../../remote-scripts/retention/decide.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-23T12:00:00Z');

function plan(sizes: readonly number[], action: Decision['action'] = 'keep', newest = NOW.getTime() - 9 * HOUR) {
  return sizes.map((bytes, index): Decision<SizedSnapshot> => {
    const received = new Date(newest - (sizes.length - 1 - index) * DAY);
    return { snapshot: { id: snapshotIdOf(received), received, bytes }, action, reasons: [] };
  });
}

function holds(decisions: readonly Decision<SizedSnapshot>[], context: Partial<HoldContext> = {}) {
  return checkHolds(decisions, {
    limits: { shrink: 0.5, maxRemovals: 20, maxExtra: 3, churn: 0.4 },
    now: NOW,
    ...context,
  });
}

describe('rule 6: hold instead of deleting', () => {
  it('lets an ordinary plan go ahead', () => {
    expect(holds(plan([100, 101, 99, 104]))).toEqual([]);
    expect(holds([])).toEqual([]);
  });

  it('holds when the newest snapshot shrank', () => {
    expect(holds(plan([100 * 2 ** 20, 100 * 2 ** 20, 100 * 2 ** 20, 40 * 2 ** 20]))).toEqual([
      {
        kind: 'shrink',
        reason: expect.stringContaining('holds 40.0 MiB, 60% less than usual (100 MiB); 50% is allowed') as string,
      },
    ]);
  });

  it('still holds the day after, when the snapshot before is small too, and ends by itself in time', () => {
    expect(holds(plan([100, 100, 100, 100, 100, 1, 1]))).toMatchObject([{ kind: 'shrink' }]);
    expect(holds(plan([100, 100, 100, 1, 1, 1, 1, 1]))).toEqual([]);
  });

  it('does not take a quarantined snapshot for the newest', () => {
    const odd = plan([1], 'quarantine');
    expect(holds([...plan([100, 100], 'keep', NOW.getTime() - 10 * HOUR), ...odd])).toEqual([]);
  });

  it('holds when the plan would remove more than is allowed', () => {
    const decisions = [...plan(Array<number>(21).fill(100), 'remove', NOW.getTime() - 2 * DAY), ...plan([100])];
    expect(holds(decisions)).toEqual([
      { kind: 'removals', reason: 'the plan would remove 21 snapshots of 22; 20 are allowed' },
    ]);
    expect(holds(decisions.slice(1))).toEqual([]);
  });

  it('holds when a snapshot is overdue by its schedule', () => {
    const expectation = { schedule: '15 2 * * *', timezone: 'UTC', grace: 2 * HOUR };
    const stale = plan([100, 100], 'keep', Date.parse('2026-11-21T02:20:00Z'));
    expect(holds(stale, { expectation })).toEqual([
      { kind: 'stale', reason: 'a snapshot is overdue by 1 d 7 h; the newest arrived 2 d 9 h ago' },
    ]);
    expect(holds(plan([100, 100]), { expectation })).toEqual([]);
  });

  it('holds without a schedule when three intervals have passed, and never before two days', () => {
    const days = (age: number) => plan([100, 100, 100], 'keep', NOW.getTime() - age * DAY);
    expect(holds(days(2.9))).toEqual([]);
    expect(holds(days(3.1))).toEqual([
      { kind: 'stale', reason: 'the newest snapshot arrived 3 d 2 h ago, and they used to arrive every 1 d' },
    ]);
    expect(holds(plan([100], 'keep', NOW.getTime() - 1.9 * DAY))).toEqual([]);
  });

  it('holds when the clock stands before the last run or before an arrival', () => {
    expect(holds(plan([100]), { previousRun: new Date(NOW.getTime() + DAY) })).toEqual([
      { kind: 'clock', reason: 'the clock is 1 d behind the last run of prune' },
    ]);
    expect(holds(plan([100], 'quarantine', NOW.getTime() + DAY))).toMatchObject([{ kind: 'clock' }]);
    expect(holds(plan([100]), { previousRun: new Date(NOW.getTime() + 60_000) })).toEqual([]);
  });

  it('holds for that clock also beside a snapshot whose arrival nobody knows, and beside very many', () => {
    const [ahead] = plan([100], 'quarantine', NOW.getTime() + DAY);
    const [past] = plan([100]);
    const unknown = { ...ahead!, snapshot: { ...ahead!.snapshot, received: new Date(Number.NaN) } };
    expect(holds([unknown, ahead!])).toMatchObject([{ kind: 'clock' }]);
    expect(holds([...Array<typeof ahead>(200_000).fill(past), ahead].map((decision) => decision!))).toMatchObject([
      { kind: 'clock' },
    ]);
  });
});
