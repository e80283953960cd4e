import { COUNTED, type Rhythm } from '../retention/flood.ts';
import type { SealedSnapshot } from '../retention/decide.ts';

const DAY = 86_400_000;

/** Number of days for which arrivals are remembered. */
const REMEMBERED_DAYS = 120;

/** Recent days that do not count towards what is usual, so that a flood in progress is not learnt from. */
const RECENT_DAYS = 14;

/** Number of arrivals from which on the history means something. */
const TELLING = 7;

/** What is remembered about the snapshots that arrived in one job, including those that were removed since. */
export interface Arrivals {
  /** When the record begins. Older snapshots had been thinned out already, so their number means nothing. */
  readonly since: Date;
  /** The last arrival that is counted. */
  readonly until: Date;
  /** Arrivals by UTC day, as days since the epoch. */
  readonly days: ReadonlyMap<number, number>;
  /** Up to this arrival an administrator has released a flood. */
  readonly accepted: Date | undefined;
}

/**
 * Adds what has arrived since the last survey. Pure. Call it in each survey, before anything is removed.
 * @param before undefined in the first survey
 * @param honest the snapshots of the job that are not in quarantine
 */
export function learnArrivals(before: Arrivals | undefined, honest: readonly SealedSnapshot[], now: Date): Arrivals {
  const known = before ?? { since: now, until: now, days: new Map<number, number>(), accepted: undefined };
  const oldest = dayOf(now) - REMEMBERED_DAYS;
  const days = new Map([...known.days].filter(([day]) => day >= oldest));
  let until = known.until.getTime();
  for (const { received } of honest) {
    const time = received.getTime();
    // Arrivals ahead of the clock are counted once the clock has reached them.
    if (time <= known.until.getTime() || time > now.getTime()) continue;
    days.set(dayOf(received), (days.get(dayOf(received)) ?? 0) + 1);
    until = Math.max(until, time);
  }
  return { ...known, until: new Date(until), days };
}

/** How often snapshots arrived before the most recent days; undefined while too little is known. */
export function usualRhythm({ since, days }: Arrivals, now: Date): Rhythm | undefined {
  const end = dayOf(now) - RECENT_DAYS;
  const past = [...days].filter(([day]) => day < end);
  const arrived = past.reduce((total, [, count]) => total + count, 0);
  if (arrived < TELLING) return undefined;
  // Not spread into arguments, because a damaged memory may contain more than a call can take.
  const first = [...days.keys()].reduce((least, day) => Math.min(least, day), Infinity);
  const start = Math.max(dayOf(since), first);
  return { span: ((end - start) * DAY * COUNTED) / arrived, by: 'by what arrived before' };
}

function dayOf(time: Date): number {
  return Math.floor(time.getTime() / DAY);
}
