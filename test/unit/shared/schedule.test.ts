import { describe, expect, it, vi } from 'vitest';
import { assessFreshness, cronProblem, duesBetween, lastDue, nextDue } from '../../../src/shared/schedule.ts';
import fc from '../../support/properties.ts';

const HOUR = 3_600_000;
const at = (text: string) => new Date(text);
const iso = (dates: readonly Date[]) => dates.map((date) => date.toISOString().slice(0, 16));
const berlin = (schedule: string) => ({ schedule, timezone: 'Europe/Berlin' });
const newYork = (schedule: string) => ({ schedule, timezone: 'America/New_York' });

describe('when a schedule comes due', () => {
  it('is the next moment strictly after, and the last at or before', () => {
    const daily = { schedule: '15 2 * * *', timezone: 'UTC' };
    expect(nextDue(daily, at('2026-01-01T02:15:00Z'))).toEqual(at('2026-01-02T02:15:00Z'));
    expect(nextDue(daily, at('2026-01-01T02:14:59.500Z'))).toEqual(at('2026-01-01T02:15:00Z'));
    expect(lastDue(daily, at('2026-01-01T02:15:00Z'))).toEqual(at('2026-01-01T02:15:00Z'));
    expect(lastDue(daily, at('2026-01-01T02:14:59.999Z'))).toEqual(at('2025-12-31T02:15:00Z'));
  });

  it('keeps to the clock on the wall through the year', () => {
    expect(nextDue(berlin('15 3 * * *'), at('2026-01-10T12:00:00Z'))).toEqual(at('2026-01-11T02:15:00Z'));
    expect(nextDue(berlin('15 3 * * *'), at('2026-07-10T12:00:00Z'))).toEqual(at('2026-07-11T01:15:00Z'));
  });

  it('knows leap days', () => {
    const leap = { schedule: '0 3 29 2 *', timezone: 'UTC' };
    expect(nextDue(leap, at('2026-01-01T00:00:00Z'))).toEqual(at('2028-02-29T03:00:00Z'));
    expect(lastDue(leap, at('2026-01-01T00:00:00Z'))).toEqual(at('2024-02-29T03:00:00Z'));
  });
});

// Clocks are set forward on 2026-03-29 (Berlin, at 01:00 UTC) and 2026-03-08 (New York, at 07:00 UTC), and back on
// 2026-10-25 (Berlin, at 01:00 UTC) and 2026-11-01 (New York, at 06:00 UTC).
describe.each([
  {
    zone: 'Europe/Berlin',
    expression: berlin('30 2 * * *'),
    spring: { from: '2026-03-27T12:00Z', dues: ['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30'] },
    autumn: { from: '2026-10-23T12:00Z', dues: ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'] },
  },
  {
    zone: 'America/New_York',
    expression: newYork('30 2 * * *'),
    spring: { from: '2026-03-06T12:00Z', dues: ['2026-03-07T07:30', '2026-03-08T07:30', '2026-03-09T06:30'] },
    autumn: { from: '2026-10-30T12:00Z', dues: ['2026-10-31T06:30', '2026-11-01T07:30', '2026-11-02T07:30'] },
  },
  {
    zone: 'America/New_York, in the hour that comes twice',
    expression: newYork('30 1 * * *'),
    spring: { from: '2026-03-06T12:00Z', dues: ['2026-03-07T06:30', '2026-03-08T06:30', '2026-03-09T05:30'] },
    autumn: { from: '2026-10-30T12:00Z', dues: ['2026-10-31T05:30', '2026-11-01T05:30', '2026-11-02T06:30'] },
  },
])('when clocks change: $zone', ({ expression, spring, autumn }) => {
  it.each([
    ['set forward', spring],
    ['set back', autumn],
  ])('comes due once a day while clocks are %s, from wherever one looks', (_, { from, dues }) => {
    const start = at(from);
    const end = new Date(start.getTime() + 3 * 24 * HOUR);
    expect(iso(duesBetween(expression, start, end))).toEqual(dues);
    // Every twenty minutes of the three days must give the same answer: an honest snapshot never becomes overdue by the
    // mere hour of the night in which somebody asks.
    for (let time = start.getTime(); time < end.getTime(); time += 1_200_000) {
      const now = new Date(time);
      const before = dues.filter((due) => at(`${due}Z`) <= now).at(-1);
      const after = dues.find((due) => at(`${due}Z`) > now);
      if (after) expect(iso([nextDue(expression, now)]), `next after ${now.toISOString()}`).toEqual([after]);
      if (before) expect(iso([lastDue(expression, now)]), `last before ${now.toISOString()}`).toEqual([before]);
    }
  });
});

it('comes due every real hour while clocks change', () => {
  expect(duesBetween(berlin('0 * * * *'), at('2026-10-24T22:30Z'), at('2026-10-25T03:30Z'))).toHaveLength(5);
  expect(duesBetween(berlin('0 * * * *'), at('2026-03-28T22:30Z'), at('2026-03-29T03:30Z'))).toHaveLength(5);
});

describe('a text for a schedule', () => {
  it.each([
    '15 2 * * *',
    '@daily',
    '*/15 * * * *',
    '0 2 * * MON-FRI',
    '0 2 * * tue,THU-SAT',
    '0 0 L * *',
    '0 3 29 2 *',
  ])('is taken: %s', (text) => {
    expect(cronProblem(text)).toBeUndefined();
  });

  it.each([
    '',
    '* *',
    '0 15 2 * * *',
    '61 * * * *',
    '@nonsense',
    '@reboot',
    'H 2 * * *',
    '1H 2 * * *',
    '5,H 2 * * *',
    '0 2 * * 1-H',
    '0 2 * * SUNH',
    '0 2 1/H * *',
    '0 2 * H THU',
    '0 0 31 2 *',
    'a b c d e',
  ])('is refused, and named: %j', (text) => {
    expect(cronProblem(text)).toContain(JSON.stringify(text));
  });

  it('is refused with a number out of its range, as the parser would', () => {
    const field = fc.oneof(fc.constant('*'), fc.integer({ min: -1, max: 61 }).map(String));
    fc.assert(
      fc.property(fc.array(field, { minLength: 5, maxLength: 5 }), (fields) => {
        const plain = fields.join(' ');
        // Two spaces: the parser is asked about all that is not quite plain.
        const [short, long] = [plain, fields.join('  ')].map((text) => cronProblem(text) === undefined);
        expect(short).toBe(long);
      }),
      { numRuns: 2000 },
    );
  });

  it('is taken where every cron understands it, as the parser would', () => {
    const field = (min: number, max: number) => fc.oneof(fc.constant('*'), fc.integer({ min, max }).map(String));
    fc.assert(
      fc.property(fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)), (fields) => {
        expect(cronProblem(fields.join(' '))).toBeUndefined();
        expect(cronProblem(fields.join('  '))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('costs no question to Intl where it is like most', () => {
    const formatter = vi.spyOn(Intl, 'DateTimeFormat');
    for (const text of ['0 0 * * 0', '15 2 * * *']) expect(cronProblem(text)).toBeUndefined();
    expect(formatter).not.toHaveBeenCalled();
    formatter.mockRestore();
  });
});

describe('freshness', () => {
  const expectation = { schedule: '15 2 * * *', timezone: 'UTC', grace: 2 * HOUR };
  const state = (newest: string | undefined, now: string, since?: string) =>
    assessFreshness(expectation, newest ? at(newest) : undefined, at(now), since ? at(since) : undefined);

  it('is fresh until the next is due, then waits for the grace, then is overdue', () => {
    expect(state('2026-11-22T02:20:00Z', '2026-11-23T02:00:00Z').state).toBe('fresh');
    expect(state('2026-11-22T02:20:00Z', '2026-11-23T03:00:00Z').state).toBe('waiting');
    expect(state('2026-11-22T02:20:00Z', '2026-11-23T04:14:59Z').state).toBe('waiting');
    expect(state('2026-11-22T02:20:00Z', '2026-11-23T05:15:00Z')).toEqual({
      state: 'overdue',
      lastDue: at('2026-11-23T02:15:00Z'),
      nextDue: at('2026-11-24T02:15:00Z'),
      deadline: at('2026-11-23T04:15:00Z'),
      overdueBy: HOUR,
    });
  });

  it('counts from the first one that was missed, however many were', () => {
    expect(state('2026-11-01T02:20:00Z', '2026-11-23T04:15:00Z').overdueBy).toBe(21 * 24 * HOUR);
  });

  it('is overdue at once without any snapshot, unless one is expected only from now on', () => {
    expect(state(undefined, '2026-11-23T12:00:00Z').state).toBe('overdue');
    expect(state(undefined, '2026-11-23T12:00:00Z', '2026-11-23T11:00:00Z').state).toBe('never');
    expect(state(undefined, '2026-11-24T05:00:00Z', '2026-11-23T11:00:00Z').state).toBe('overdue');
  });

  it('says so when the clock was set back, and never takes it for fresh', () => {
    expect(state('2030-01-01T00:00:00Z', '2026-11-23T12:00:00Z').state).toBe('clock-wrong');
    expect(state('2026-11-23T12:04:00Z', '2026-11-23T12:00:00Z').state).toBe('fresh');
  });

  it('is overdue when the clock jumps ahead', () => {
    expect(state('2026-11-23T02:20:00Z', '2030-01-01T00:00:00Z').state).toBe('overdue');
  });

  it('does not alarm in the night in which clocks are set back', () => {
    const night = { ...berlin('30 2 * * *'), grace: 30 * 60_000 };
    const made = at('2026-10-25T00:31:00Z');
    for (let minutes = 0; minutes < 20 * 60; minutes += 10) {
      const now = new Date(made.getTime() + minutes * 60_000);
      expect(assessFreshness(night, made, now).state, now.toISOString()).toBe('fresh');
    }
  });
});
