import { duesBetween, nextDue, type Expectation } from '../../src/shared/schedule.ts';

/** Expected snapshots in whose time arrivals are counted: enough that one run by hand more is no flood. */
export const COUNTED = 7;

/** Times {@link COUNTED} moments over which a schedule is measured, so that a weekend more or less weighs little. */
const ROUNDS = 4;

/** How often snapshots are to be expected. */
export interface Rhythm {
  /** Milliseconds in which {@link COUNTED} snapshots are to be expected. */
  readonly span: number;
  /** Whose word it is, for people: `by expect.schedule`. */
  readonly by: string;
  /** Snapshots that fall due in a stretch of time, where that is known; milliseconds since the epoch. */
  readonly dueBetween?: (from: number, to: number) => number;
}

/** More snapshots within one span than there should be. */
export interface Flood {
  /** Indexes of the first and the last of them. */
  readonly first: number;
  readonly last: number;
  readonly arrived: number;
  readonly expected: number;
  /** Milliseconds within which they arrived. */
  readonly span: number;
}

/**
 * The rhythm of a schedule.
 * @param now from where on it is measured
 */
export function scheduleRhythm(expectation: Expectation, now: Date): Rhythm {
  const first = nextDue(expectation, now);
  let last = first;
  for (let due = 0; due < COUNTED * ROUNDS; due += 1) last = nextDue(expectation, last);
  return {
    span: (last.getTime() - first.getTime()) / ROUNDS,
    by: 'by expect.schedule',
    // Who fell due before the stretch may arrive within it.
    dueBetween: (from, to) => duesBetween(expectation, new Date(from - expectation.grace), new Date(to)).length,
  };
}

/**
 * Finds the newest span of a rhythm in which more snapshots arrived than it and some extra ones account for. Pure.
 * @param arrivals milliseconds since the epoch, in order
 */
export function findFlood(arrivals: readonly number[], rhythm: Rhythm, extra: number): Flood | undefined {
  for (let last = arrivals.length - 1, first = last; last >= 0; last -= 1) {
    const end = arrivals[last] ?? 0;
    while (first > 0 && (arrivals[first - 1] ?? 0) > end - rhythm.span) first -= 1;
    const arrived = last - first + 1;
    if (arrived <= COUNTED + extra) continue;
    // Of a schedule with long pauses, more than the average may fall into one stretch.
    const expected = Math.max(COUNTED, rhythm.dueBetween?.(end - rhythm.span, end) ?? 0);
    if (arrived > expected + extra) return { first, last, arrived, expected, span: end - (arrivals[first] ?? end) };
  }
  return undefined;
}
