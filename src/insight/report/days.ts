import type { Outcome } from '../../shared/outcome.ts';
import { nextDue } from '../../shared/schedule.ts';
import { lastDates } from '../../shared/page/day-grid.ts';
import { createWallClock, two } from '../../shared/time-zone.ts';
import { isFailure, type RunRecord } from '../../state/run-record.ts';
import type { ExpectSettings } from '../../config/settings.ts';

const DAY = 86_400_000;

/**
 * The state of a day in the calendar. `late`: sealed, but with a failed run or after the grace. `missing`: a snapshot was due, but
 * none was sealed and no run failed. `none`: nothing happened and nothing was due.
 */
export type DayState = 'sealed' | 'late' | 'failed' | 'missing' | 'none';

/** One day of a job in the time zone of its schedule. */
export interface Day {
  /** `2026-11-23` */
  readonly date: string;
  readonly state: DayState;
  readonly sealed: number;
  readonly failed: number;
  /** Bytes sent for the day's sealed snapshots. */
  readonly sentBytes: number;
  /** Size of the day's last sealed snapshot. */
  readonly sizeBytes: number | undefined;
}

/** A failed run, for the list. */
export interface Failure {
  readonly at: string;
  readonly outcome: Outcome;
  readonly reason: string;
}

/** Number of failed runs that are listed for each job. */
const LISTED_FAILURES = 5;

/** Takes the runs of one job and target as they are read, and keeps one entry per day. */
export interface DayCollector {
  readonly add: (record: RunRecord) => void;
  readonly finish: () => { readonly days: readonly Day[]; readonly failures: readonly Failure[] };
}

interface Tally {
  sealed: number;
  failed: number;
  sentBytes: number;
  sizeBytes?: number;
  /** A snapshot was due on this day and came late or never. */
  dueMissed: boolean;
  /** A part of the day lay in a span in which a due snapshot was missing. */
  stale: boolean;
}

/**
 * Collects a calendar.
 * @param expect when snapshots are due; without it no day can be missing
 * @param count number of days, the last of which is the day of `now`
 */
export function collectDays(expect: ExpectSettings | undefined, count: number, now: Date): DayCollector {
  const wall = createWallClock(expect?.timezone ?? 'UTC');
  const dateOf = (time: Date) => {
    const { year, month, day } = wall(time);
    return `${year}-${two(month)}-${two(day)}`;
  };
  const dates = lastDates(dateOf(now), count);
  const tallies = new Map<string, Tally>(
    dates.map((date) => [date, { sealed: 0, failed: 0, sentBytes: 0, dueMissed: false, stale: false }]),
  );
  const windowStart = new Date(`${dates[0] ?? ''}T00:00:00Z`).getTime() - DAY;
  const failures: Failure[] = [];
  let first: RunRecord | undefined;
  let lastSealed: RunRecord | undefined;

  /** Marks the days from the moment when a snapshot was due until it arrived, if that was too late. */
  const markGap = (since: Date, until: Date) => {
    if (!expect || until.getTime() < windowStart) return;
    const due = nextDue(expect, since);
    if (until.getTime() <= due.getTime() + expect.graceMs) return;
    const missed = tallies.get(dateOf(due));
    if (missed) missed.dueMissed = true;
    const [from, to] = [dateOf(due), dateOf(until)];
    for (const [date, tally] of tallies) if (date >= from && date <= to) tally.stale = true;
  };

  return {
    add: (record) => {
      first ??= record;
      const tally = tallies.get(dateOf(new Date(record.started)));
      if (record.outcome === 'done') {
        if (lastSealed) markGap(new Date(lastSealed.started), new Date(record.finished));
        lastSealed = record;
        if (!tally) return;
        tally.sealed += 1;
        tally.sizeBytes = record.bytes;
        tally.sentBytes += record.transfer?.sentBytes ?? 0;
        return;
      }
      if (!tally || !isFailure(record)) return;
      tally.failed += 1;
      failures.push({ at: record.finished, outcome: record.outcome, reason: record.reason });
      if (failures.length > LISTED_FAILURES) failures.shift();
    },
    finish: () => {
      const since = lastSealed ?? first;
      if (since) markGap(new Date(since.started), now);
      const days = [...tallies].map(([date, tally]) => dayOf(date, tally));
      return { days, failures: [...failures].reverse() };
    },
  };
}

function dayOf(date: string, { sealed, failed, sentBytes, sizeBytes, dueMissed, stale }: Tally): Day {
  const state: DayState =
    sealed > 0 ? (failed > 0 || dueMissed ? 'late' : 'sealed') : failed > 0 ? 'failed' : stale ? 'missing' : 'none';
  return { date, state, sealed, failed, sentBytes, sizeBytes };
}
