import { describe, expect, it } from 'vitest';
import { forecast, learnSpace, type FreeSpace, type SpaceDays } from '../../../remote-scripts/prune/space.ts';
import { createRandom } from '../../support/seed.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-11-01T12:00:00Z');
const GIB = 2 ** 30;
const LEAST = { bytes: GIB, inodes: 10_000 };

/** What is known after some days, each with what was free on it. */
function after(days: number, free: (day: number) => Partial<FreeSpace>) {
  let known: SpaceDays = new Map();
  let now: FreeSpace = { freeBytes: 0, freeInodes: undefined };
  for (let day = 0; day < days; day += 1) {
    now = { freeBytes: 500 * GIB, freeInodes: 1e8, ...free(day) };
    known = learnSpace(known, now, new Date(START + day * DAY));
  }
  return { known, forecast: forecast(known, now, new Date(START + (days - 1) * DAY), LEAST) };
}

describe('how long the space lasts', () => {
  it('is told by what was used in the last four weeks, to the minimum of the gate', () => {
    const { forecast: found } = after(60, (day) => ({ freeBytes: (301 - 2 * day) * GIB }));
    expect(found).toEqual({ what: 'space', days: expect.closeTo((301 - 118 - 1) / 2, 5) as number });
  });

  it('is told for inodes, where they go first', () => {
    const { forecast: found } = after(30, (day) => ({
      freeBytes: (900 - day) * GIB,
      freeInodes: 1_010_000 - day * 10_000,
    }));
    expect(found).toEqual({ what: 'inodes', days: expect.closeTo(71, 5) as number });
  });

  it('is not led astray by a week that has its own shape, a large removal, or noise', () => {
    const random = createRandom(7);
    const { forecast: found } = after(60, (day) => ({
      freeBytes: (400 - 3 * day + (day % 7) * 5 + random() * 4 + (day > 56 ? 40 : 0)) * GIB,
    }));
    expect(found?.days).toBeGreaterThan(60);
    expect(found?.days).toBeLessThan(120);
  });

  it.each([
    ['too little is known', 7, () => ({})],
    ['as much is freed as is used', 60, (day: number) => ({ freeBytes: (300 + (day % 5)) * GIB })],
    ['more is freed than used', 60, (day: number) => ({ freeBytes: (300 + day) * GIB })],
    ['it would take longer than ten years', 60, (day: number) => ({ freeBytes: 300 * GIB - day })],
    ['the file system counts no inodes', 60, () => ({ freeInodes: undefined })],
  ] as const)('is not told when %s', (_, days, free) => {
    expect(after(days, free).forecast).toBeUndefined();
  });

  it('is no time at all when nothing is let in any more', () => {
    expect(after(20, (day) => ({ freeBytes: Math.max(0, 10 - day) * GIB })).forecast).toEqual({
      what: 'space',
      days: 0,
    });
  });
});

it('the least of each day is remembered, for four months', () => {
  let known: SpaceDays = new Map();
  for (const freeBytes of [5, 3, 4]) known = learnSpace(known, { freeBytes, freeInodes: freeBytes }, new Date(START));
  expect([...known.values()]).toEqual([{ freeBytes: 3, freeInodes: 3 }]);
  expect(after(300, () => ({})).known.size).toBe(120);
});
