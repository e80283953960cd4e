import { describe, expect, it } from 'vitest';
import { findFlood, scheduleRhythm } from '../../../remote-scripts/retention/flood.ts';
import { duesBetween } from '../../../src/shared/schedule.ts';
import fc from '../../support/properties.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-11-01T00:00:00Z');
const NOW = new Date('2026-11-23T12:00:00Z');
const at = (schedule: string, timezone = 'UTC') => ({ schedule, timezone, grace: 2 * HOUR });
const every = (distance: number, count: number, from = START) =>
  Array.from({ length: count }, (_, index) => from + index * distance);

describe('the rhythm of a schedule', () => {
  it.each([
    ['15 2 * * *', 7 * DAY],
    ['15 2 * * 0', 49 * DAY],
    ['0 * * * *', 7 * HOUR],
    ['*/5 * * * *', 35 * 60_000],
    ['0 0 1 1 *', 7 * 365.25 * DAY],
  ])('of %s is the time in which it comes due seven times', (schedule, span) => {
    expect(scheduleRhythm(at(schedule), NOW).span).toBeCloseTo(span, -2);
  });

  it('of weekdays counts weekends in', () => {
    const { span } = scheduleRhythm(at('15 2 * * 1-5'), NOW);
    expect(span).toBeGreaterThan(9 * DAY);
    expect(span).toBeLessThan(11 * DAY);
  });
});

describe('a flood', () => {
  const daily = scheduleRhythm(at('15 2 * * *'), NOW);

  it('is more than three beyond the seven that are expected', () => {
    const honest = every(DAY, 20);
    const extra = (count: number) => [...honest, ...every(60_000, count, honest.at(-1)! + 60_000)];
    expect(findFlood(honest, daily, 3)).toBeUndefined();
    expect(findFlood(extra(3), daily, 3)).toBeUndefined();
    expect(findFlood(extra(4), daily, 3)).toMatchObject({ first: 13, last: 23, arrived: 11, expected: 7 });
    expect(findFlood(extra(4), daily, 4)).toBeUndefined();
  });

  it('is one snapshot of rubbish beside each of the honest ones', () => {
    const both = [...every(DAY, 6), ...every(DAY, 6, START + HOUR)].sort((a, b) => a - b);
    expect(findFlood(both, daily, 3)).toMatchObject({ arrived: 12, expected: 7 });
  });

  it('is one a day where one a week is due', () => {
    const weekly = scheduleRhythm(at('15 2 * * 0'), NOW);
    const honest = every(7 * DAY, 14);
    expect(findFlood(honest, weekly, 3)).toBeUndefined();
    expect(findFlood([...honest, ...every(DAY, 4, honest.at(-1)! + DAY)], weekly, 3)).toBeDefined();
  });

  it('does not pass because it is long over', () => {
    const old = [...every(60_000, 60), ...every(DAY, 90, START + DAY)];
    expect(findFlood(old, daily, 3)).toMatchObject({ first: 1, arrived: 66 });
  });

  it.each(['0 8-18 * * 1-5', '0 2,3 * * *', '15 2 * * 1-5', '0 0 1 * *', '*/10 9-10 * * 1'])(
    'is not what the uneven schedule %s brings, however late each arrives within its grace',
    (schedule) => {
      const late = fc.array(fc.integer({ min: 0, max: 2 * HOUR }), { minLength: 20, maxLength: 20 });
      fc.assert(
        fc.property(fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'), late, (zone, delays) => {
          const expectation = at(schedule, zone);
          const dues = duesBetween(expectation, new Date(START), new Date(START + 60 * DAY));
          const arrivals = dues.map((due, index) => due.getTime() + (delays[index % 20] ?? 0)).sort((a, b) => a - b);
          expect(findFlood(arrivals, scheduleRhythm(expectation, NOW), 3)).toBeUndefined();
        }),
        { numRuns: 5 },
      );
    },
  );
});
