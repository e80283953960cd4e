import { NO_BUCKETS } from './support/policy.ts';
import { expect, it } from 'vitest';
import {
  courseOf,
  simulateRetention,
  type SimulatedDay,
  type Simulation,
} from '../../../remote-scripts/retention/simulation.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-23T12:00:00Z');

function simulation(change: Partial<Simulation> = {}): Simulation {
  return {
    snapshots: [],
    policy: { ...NO_BUCKETS, last: 1, within: 0, daily: 7, weekly: 4, monthly: 12, minAge: 0 },
    setting: { timezone: 'UTC', clockSkew: 600_000, longestAttempt: 4 * DAY },
    schedule: { schedule: '15 2 * * *', timezone: 'UTC' },
    limits: { attemptsPerDay: 24, minIntervalMs: 0 },
    now: NOW,
    days: 730,
    ...change,
  };
}

function play(input: Simulation): SimulatedDay[] {
  const course = courseOf(input);
  return course ? [...simulateRetention(input, course)] : [];
}

const arrivedAt = (ages: readonly number[]) =>
  ages.map((age) => {
    const received = new Date(NOW.getTime() - age);
    return { id: snapshotIdOf(received), received };
  });

it('shows how a policy fills up and then holds the same number', () => {
  const rows = play(simulation());
  expect(rows[0]).toEqual({
    at: new Date('2026-11-24T12:00:00Z'),
    arrived: 1,
    turnedAway: 0,
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
  const rows = play(simulation({ snapshots: arrivedAt([3 * DAY, 2 * DAY, DAY]), days: 10, schedule: undefined }));
  expect(rows.map(({ arrived }) => arrived)).toEqual(Array<number>(10).fill(1));
});

it('says nothing when nothing tells how often snapshots arrive', () => {
  expect(courseOf(simulation({ schedule: undefined }))).toBeUndefined();
});

it('lets no more arrive than the gate would: some seconds apart are no sign of thousands a day', () => {
  const snapshots = arrivedAt([8000, 6000, 4000, 2000, 0]);
  const input = simulation({ snapshots, days: 400, schedule: undefined });
  expect(courseOf(input)).toEqual({ by: 'usual', seen: 2000, simulated: DAY / 24 });
  const rows = play(input);
  expect(rows.map(({ arrived }) => arrived)).toEqual(Array<number>(400).fill(24));

  const slow = { attemptsPerDay: 24, minIntervalMs: DAY / 2 };
  expect(play({ ...input, limits: slow, days: 3 }).map(({ arrived }) => arrived)).toEqual([2, 2, 2]);
});

it('turns away what a schedule brings beyond what the gate lets in', () => {
  const schedule = { schedule: '*/10 * * * *', timezone: 'UTC' };
  const day = { arrived: 24, turnedAway: 120 };
  expect(play(simulation({ schedule, days: 2 }))).toMatchObject([day, day]);
  const limits = { attemptsPerDay: 200, minIntervalMs: DAY / 24 };
  expect(play(simulation({ schedule, limits, days: 2 }))).toMatchObject([day, day]);
});

it('begins with what is due next also when the newest snapshot is old', () => {
  const rows = play(simulation({ snapshots: arrivedAt([30 * DAY, 27 * DAY]), days: 6, schedule: undefined }));
  expect(rows.map(({ arrived }) => arrived)).toEqual([0, 0, 1, 0, 0, 1]);
});
