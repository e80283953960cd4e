import { duesBetween, nextDue, type Expectation } from '../../src/shared/schedule.ts';

/**
 * Arrivals are counted within the time of so many expected snapshots: enough that one extra run by hand is no flood.
 */
export const COUNTED = 7;

/**
 * A schedule is measured over so many times {@link COUNTED} due moments, so that one weekend more or less matters
 * little.
 */
const ROUNDS = 4;

/** How often snapshots are expected. */
export interface Rhythm {
  /** Milliseconds in which {@link COUNTED} snapshots are expected. */
  readonly span: number;
  /** Where this comes from, for people: `by expect.schedule`. */
  readonly by: string;
  /** Number of snapshots that fall due in a span of time, if known; milliseconds since the epoch. */
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
 * @param now the moment from which on it is measured
 */
export function scheduleRhythm(expectation: Expectation, now: Date): Rhythm {
  const first = nextDue(expectation, now);
  let last = first;
  for (let due = 0; due < COUNTED * ROUNDS; due += 1) last = nextDue(expectation, last);
  return {
    span: (last.getTime() - first.getTime()) / ROUNDS,
    by: 'by expect.schedule',
    // A snapshot that fell due before the span may arrive within it.
    dueBetween: (from, to) => duesBetween(expectation, new Date(from - expectation.grace), new Date(to)).length,
  };
}

/**
 * Finds the newest span in which more snapshots arrived than the rhythm and some extra ones explain. Pure.
 * @param arrivals milliseconds since the epoch, in order
 */
export function findFlood(arrivals: readonly number[], rhythm: Rhythm, extra: number): Flood | undefined {
  for (let last = arrivals.length - 1, first = last; last >= 0; last -= 1) {
    const end = arrivals[last] ?? 0;
    while (first > 0 && (arrivals[first - 1] ?? 0) > end - rhythm.span) first -= 1;
    const arrived = last - first + 1;
    if (arrived <= COUNTED + extra) continue;
    // In a schedule with long pauses, more than the average may fall into one span.
    const expected = Math.max(COUNTED, rhythm.dueBetween?.(end - rhythm.span, end) ?? 0);
    if (arrived > expected + extra) return { first, last, arrived, expected, span: end - (arrivals[first] ?? end) };
  }
  return undefined;
}
