import { describe, expect, it } from 'vitest';
import { BUCKETS, BUCKET_KINDS, createBucketer, numberBuckets } from '../../../remote-scripts/retention/buckets.ts';
import { createWallClock, wallClock } from '../../../src/shared/time-zone.ts';
import fc from '../../support/properties.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

// Where something odd happens: no clock change, changes in both halves of the world, a change of half an hour, a day
// that was left out, a change just after midnight that brought the day before back, one that pauses for a month.
const ODD: readonly (readonly [zone: string, around: string])[] = [
  ['UTC', '2026-03-29T01:00:00Z'],
  ['Asia/Kathmandu', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['America/St_Johns', '2010-11-07T02:31:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00:00Z'],
];
const instants = fc.tuple(
  fc.constantFrom(...ODD),
  fc.array(fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -500_000, max: 500_000 })), {
    minLength: 1,
    maxLength: 60,
  }),
);
const timesOf = (around: string, minutes: readonly number[]) =>
  minutes.map((minute) => Date.parse(around) + minute * MINUTE);

describe('the table of buckets', () => {
  it('lists the finest first, and calls no two of them the same', () => {
    const rows = BUCKET_KINDS.map((kind) => BUCKETS[kind]);
    const lengths = rows.map(({ least }) => least);
    expect(lengths).toEqual([...new Set(lengths)].sort((a, b) => a - b));
    expect(new Set(rows.map(({ noun }) => noun)).size).toBe(rows.length);
    expect(new Set(rows.map(({ plural }) => plural)).size).toBe(rows.length);
  });

  it.each(BUCKET_KINDS)('states how short one can be: %s', (kind) => {
    const { least } = BUCKETS[kind];
    const from = Date.parse('2022-12-28T00:00:00Z');
    const step = Math.min(least, DAY);
    const times = Array.from({ length: Math.ceil((least * 6 + 1500 * DAY) / step) }, (_, index) => from + index * step);
    const [numbers = new Float64Array()] = numberBuckets([kind], times, 'UTC');
    const begins = times.filter((_, index) => index > 0 && numbers[index] !== numbers[index - 1]);
    const lengths = begins.slice(1).map((time, index) => time - (begins[index] ?? 0));
    expect(Math.min(...new Set(lengths))).toBe(least);
  });
});

describe('buckets as numbers', () => {
  it('are the same where their names are, and differ where those do', () => {
    fc.assert(
      fc.property(instants, ([[zone, around], minutes]) => {
        const times = timesOf(around, minutes);
        const all = numberBuckets(BUCKET_KINDS, times, zone);
        const bucketOf = createBucketer(zone);
        for (const [index, kind] of BUCKET_KINDS.entries()) {
          const numbers = [...(all[index] ?? [])];
          const names = times.map((time) => bucketOf(kind, new Date(time)));
          const firstByName = names.map((name) => names.indexOf(name));
          const firstByNumber = numbers.map((number) => numbers.indexOf(number));
          expect(firstByNumber).toEqual(firstByName);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('bring a day back that was on the wall twice', () => {
    // A minute after midnight, clocks in St. John's went back to 23:01 of the day before (tzdata, until 2011).
    const times = ['02:30:00', '02:30:30', '02:32:00', '03:29:00', '03:31:00'].map((time) =>
      Date.parse(`2010-11-07T${time}Z`),
    );
    const [hourly = [], daily = []] = numberBuckets(['hourly', 'daily'], times, 'America/St_Johns');
    const [first = 0] = daily;
    expect([...daily].map((day) => day - first)).toEqual([0, 0, -1, -1, 0]);
    expect(new Set(hourly).size).toBe(3);
  });
});

describe('the clock on the wall', () => {
  it('shows for many instants what it shows for each by itself', () => {
    fc.assert(
      fc.property(instants, ([[zone, around], minutes]) => {
        const clock = createWallClock(zone);
        for (const time of timesOf(around, minutes)) {
          expect(clock(new Date(time))).toEqual(wallClock(new Date(time), zone));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('knows UTC without asking Intl, and says the same', () => {
    for (let day = -20_000; day < 40_000; day += 37) {
      const time = new Date(day * DAY + 12_345_678);
      expect(wallClock(time, 'UTC')).toEqual(wallClock(time, 'Etc/UTC'));
    }
    expect(() => wallClock(new Date(Number.NaN), 'UTC')).toThrow(RangeError);
  });

  it.each(['Europe/Nowhere', ''])('refuses the time zone %j', (zone) => {
    expect(() => createWallClock(zone)(new Date(0))).toThrow(RangeError);
    expect(() => numberBuckets(['daily'], [0], zone)).toThrow(RangeError);
  });
});
