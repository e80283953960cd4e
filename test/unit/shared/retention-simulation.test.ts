import { expect, it } from 'vitest';
import { simulateRetention, type Simulation } from '../../../src/shared/retention-simulation.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-23T12:00:00Z');

function simulation(change: Partial<Simulation> = {}): Simulation {
  return {
    snapshots: [],
    policy: { last: 1, within: 0, hourly: 0, daily: 7, weekly: 4, monthly: 12, yearly: 0, minAge: 0 },
    setting: { timezone: 'UTC', clockSkew: 600_000, longestAttempt: 4 * DAY },
    schedule: { schedule: '15 2 * * *', timezone: 'UTC' },
    now: NOW,
    days: 730,
    ...change,
  };
}

it('shows how a policy fills up and then holds the same number', () => {
  const rows = simulateRetention(simulation()) ?? [];
  expect(rows[0]).toEqual({
    at: new Date('2026-11-24T12:00:00Z'),
    arrived: 1,
    removed: 0,
    held: 1,
    oldest: '2026-11-24T021500Z',
  });
  expect(rows).toHaveLength(730);
  const held = rows.slice(400).map((row) => row.held);
  // 7 days, 4 weeks (the present one and three before), 12 months: some of them are one and the same snapshot.
  expect(Math.min(...held)).toBeGreaterThanOrEqual(19);
  expect(Math.max(...held)).toBeLessThanOrEqual(23);
  expect(rows.at(-1)?.oldest).toBe('2027-12-01T021500Z');
});

it('takes the distance between the present snapshots when there is no schedule', () => {
  const snapshots = [3, 2, 1].map((age) => {
    const received = new Date(NOW.getTime() - age * DAY);
    return { id: snapshotIdOf(received), received };
  });
  const rows = simulateRetention(simulation({ snapshots, days: 10, schedule: undefined })) ?? [];
  expect(rows.map(({ arrived }) => arrived)).toEqual(Array<number>(10).fill(1));
});

it('says nothing when nothing tells how often snapshots arrive', () => {
  expect(simulateRetention(simulation({ schedule: undefined }))).toBeUndefined();
});
