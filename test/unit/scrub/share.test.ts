import { describe, expect, it } from 'vitest';
import { doneOf, namesDue, shareOf } from '../../../remote-scripts/scrub/share.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-28T12:00:00Z');
const begun = (days: number) => ({
  cycle: {
    startedAt: new Date(NOW.getTime() - days * DAY).toISOString(),
    cursor: 'x',
    done: 0.5,
    named: [],
    files: 1,
    bytes: 2,
  },
});

describe('the share of a run', () => {
  it('is one day of the cycle on its first day, and all of it on its last', () => {
    expect(shareOf({ cycle: null }, 'share', 30 * DAY, NOW)).toMatchObject({ until: 1 / 30, isBehind: false });
    expect(shareOf(begun(14), 'share', 30 * DAY, NOW).until).toBe(0.5);
    expect(shareOf(begun(29), 'share', 30 * DAY, NOW).until).toBe(1);
  });

  it('makes up for days on which nothing ran', () => {
    expect(shareOf(begun(20), 'share', 30 * DAY, NOW).until).toBe(0.7);
  });

  it('is all of it when a cycle takes a day or less', () => {
    expect(shareOf({ cycle: null }, 'share', DAY / 2, NOW).until).toBe(1);
  });

  it('is what was asked for', () => {
    expect(shareOf(begun(3), 'rest', 30 * DAY, NOW)).toMatchObject({ until: 1, cycle: begun(3).cycle });
    const { cycle, until } = shareOf(begun(3), 'all', 30 * DAY, NOW);
    expect({ cursor: cycle.cursor, startedAt: cycle.startedAt, until }).toEqual({
      cursor: null,
      startedAt: NOW.toISOString(),
      until: 1,
    });
  });

  it('is behind only when the time is over, and a day more', () => {
    expect(shareOf(begun(30.9), 'share', 30 * DAY, NOW).isBehind).toBe(false);
    expect(shareOf(begun(31.1), 'share', 30 * DAY, NOW).isBehind).toBe(true);
  });

  it('counts from now when the clock was set back, and keeps its place', () => {
    const { cycle, until, wasSetBack } = shareOf(begun(-40), 'share', 30 * DAY, NOW);
    expect({ wasSetBack, until, cursor: cycle.cursor, startedAt: cycle.startedAt }).toEqual({
      wasSetBack: true,
      until: 1 / 30,
      cursor: 'x',
      startedAt: NOW.toISOString(),
    });
  });
});

it('has the names of all snapshots checked by the end, and of one at least on the first day', () => {
  expect([namesDue(32, 1 / 30), namesDue(32, 0.5), namesDue(32, 1), namesDue(0, 1)]).toEqual([2, 16, 32, 0]);
});

it('knows how much is done by the bytes of the last cycle, and without one by names', () => {
  const last = { startedAt: '', endedAt: '', files: 1, bytes: 100 };
  expect(doneOf({ bytes: 25 }, 0.9, last)).toBe(0.25);
  expect(doneOf({ bytes: 250 }, 0.9, last)).toBe(1);
  expect(doneOf({ bytes: 25 }, 0.9, null)).toBe(0.9);
  expect(doneOf({ bytes: 0 }, 0.9, { ...last, bytes: 0 })).toBe(0.9);
});
