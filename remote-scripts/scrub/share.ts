import type { ScrubCycle, ScrubState } from '../store/scrub-state.ts';

const DAY = 86_400_000;

/** What a run is to do. */
export type Wish =
  /** What is due today; the whole rest of the cycle; everything, from the beginning. */
  'share' | 'rest' | 'all';

/** The share of a run in its cycle. */
export interface Share {
  readonly cycle: ScrubCycle;
  /** How much of the cycle is to be done when the run ends, from 0 to 1. */
  readonly until: number;
  /** Whether the cycle should have ended before. */
  readonly isBehind: boolean;
  /** Whether the cycle had begun in the future: the clock has been set back. */
  readonly wasSetBack: boolean;
}

/**
 * How much is to be done now, so that a cycle ends in its time. What was not done on one day is done on the next. Pure.
 * @param every milliseconds for a cycle
 */
export function shareOf({ cycle: before }: Pick<ScrubState, 'cycle'>, wish: Wish, every: number, now: Date): Share {
  const wasSetBack = before !== null && Date.parse(before.startedAt) > now.getTime();
  const cycle =
    before === null || wish === 'all'
      ? newCycle(now)
      : wasSetBack
        ? { ...before, startedAt: now.toISOString() }
        : before;
  const age = now.getTime() - Date.parse(cycle.startedAt);
  const until = wish === 'share' ? Math.min(1, (age + DAY) / every) : 1;
  return { cycle, until, isBehind: age > every + DAY, wasSetBack };
}

/** How many of a job's snapshots are to have had their names checked by now. */
export function namesDue(snapshots: number, until: number): number {
  return Math.ceil(snapshots * until);
}

/**
 * How much of a cycle is done: by bytes, where the last cycle has shown how many there are, since names say little of how long their
 * files take; else by names.
 */
export function doneOf(cycle: Pick<ScrubCycle, 'bytes'>, byNames: number, last: ScrubState['last']): number {
  const byBytes = last === null || last.bytes === 0 ? byNames : cycle.bytes / last.bytes;
  return Math.min(1, byBytes);
}

function newCycle(now: Date): ScrubCycle {
  return { startedAt: now.toISOString(), cursor: null, done: 0, named: [], files: 0, bytes: 0 };
}
