import { describe, expect, it } from 'vitest';
import { learnArrivals, usualRhythm, type Arrivals } from '../../../remote-scripts/prune/arrivals.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;
const T0 = Date.parse('2026-06-01T12:00:00Z');
const day = (number: number) => new Date(T0 + number * DAY);
const snapshotAt = (received: Date) => ({ id: snapshotIdOf(received), received });

/** Looks once a day, at what arrived in the last two days only: the rest has been thinned meanwhile. */
function watch(days: number, arrivalsOf: (number: number) => Date[]): Arrivals {
  let known: Arrivals | undefined;
  let present: Date[] = [];
  for (let number = 0; number <= days; number += 1) {
    present = [...present, ...arrivalsOf(number)].filter((time) => time.getTime() > T0 + (number - 2) * DAY);
    known = learnArrivals(known, present.map(snapshotAt), day(number));
  }
  return known!;
}

const hoursOf = (number: number) =>
  Array.from({ length: 24 }, (_, hour) => new Date(T0 + (number - 1) * DAY + (hour + 1) * 3_600_000 - 60_000));

describe('what arrived in a job', () => {
  it('is counted once each, also when prune has thinned it since', () => {
    const known = watch(20, hoursOf);
    expect([...known.days.values()].reduce((sum, count) => sum + count, 0)).toBe(20 * 24);
  });

  it('before anybody looked says nothing: it had been thinned already', () => {
    const old = Array.from({ length: 30 }, (_, number) => snapshotAt(day(-number)));
    expect(learnArrivals(undefined, old, day(0)).days.size).toBe(0);
  });

  it('is forgotten after some months', () => {
    const known = watch(400, (number) => [day(number)]);
    expect(known.days.size).toBeLessThanOrEqual(122);
  });

  it('tells how often snapshots arrive, once there is enough of it', () => {
    expect(
      usualRhythm(
        watch(18, (number) => [day(number)]),
        day(18),
      ),
    ).toBeUndefined();
    const daily = usualRhythm(
      watch(60, (number) => [day(number)]),
      day(60),
    );
    expect(daily!.span / DAY).toBeCloseTo(7, 0);
    const hourly = usualRhythm(watch(60, hoursOf), day(60));
    expect(hourly!.span / 3_600_000).toBeCloseTo(7, 0);
    const weekly = usualRhythm(
      watch(110, (number) => (number % 7 === 0 ? [day(number)] : [])),
      day(110),
    );
    expect(weekly!.span / DAY).toBeGreaterThan(42);
    expect(weekly!.span / DAY).toBeLessThan(56);
  });

  it('tells it also of more days than a call takes arguments: a memory may be damaged', () => {
    const days = new Map(Array.from({ length: 300_000 }, (_, number) => [number, 1] as const));
    const known = { since: new Date(0), until: day(0), days, accepted: undefined };
    expect(usualRhythm(known, day(60))).toBeDefined();
  });

  it('in the last two weeks does not make itself usual', () => {
    const calm = usualRhythm(
      watch(60, (number) => [day(number)]),
      day(60),
    )!;
    const flooded = usualRhythm(
      watch(60, (number) => (number > 47 ? hoursOf(number) : [day(number)])),
      day(60),
    )!;
    expect(flooded.span).toBe(calm.span);
  });
});
