import { lastDates } from '../../shared/page/day-grid.ts';
import { createWallClock, two } from '../../shared/time-zone.ts';
import { isFailure, type RunRecord } from '../../state/run-record.ts';
import type { ExpectSettings } from '../../config/settings.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { Expectations } from './expectations.ts';
import { Failures, type Failure } from './failures.ts';

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
  /** Milliseconds that the run of that snapshot took. */
  readonly durationMs: number | undefined;
}

/** Takes the runs of one job and target as they are read, and keeps one entry per day. */
export interface DayCollector {
  readonly add: (record: RunRecord) => void;
  readonly finish: () => Collected;
}

/** What was collected of the runs of one job and target. */
export interface Collected {
  readonly days: readonly Day[];
  /** Newest first. */
  readonly failures: readonly Failure[];
  /** The snapshots that were sealed in these days, oldest first. */
  readonly sealed: readonly SnapshotId[];
}

interface Tally {
  sealed: number;
  failed: number;
  sentBytes: number;
  sizeBytes?: number;
  durationMs?: number;
  /** A snapshot was due on this day and came late or never. */
  dueMissed: boolean;
  /** A part of the day lay in a span in which a due snapshot was missing. */
  stale: boolean;
}

/**
 * Collects a calendar.
 * @param expect when snapshots are due by the settings of now; days before are judged by what their runs have recorded
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
  const expectations = new Expectations(expect);
  const failures = new Failures();
  const sealed: SnapshotId[] = [];
  /** From the start of one sealed run to the end of the next, as far as it may reach into the window. */
  const gaps: { readonly since: Date; readonly until: Date }[] = [];
  let first: RunRecord | undefined;
  let lastSealed: RunRecord | undefined;

  /** Marks the days from the moment when a snapshot was due until it arrived, or until now. */
  const markGap = (due: Date | undefined, until: Date) => {
    if (!due) return;
    const missed = tallies.get(dateOf(due));
    if (missed) missed.dueMissed = true;
    const [from, to] = [dateOf(due), dateOf(until)];
    for (const [date, tally] of tallies) if (date >= from && date <= to) tally.stale = true;
  };

  return {
    add: (record) => {
      first ??= record;
      expectations.add(record);
      const tally = tallies.get(dateOf(new Date(record.started)));
      if (record.outcome === 'done') {
        failures.end();
        const until = new Date(record.finished);
        if (lastSealed && until.getTime() >= windowStart) gaps.push({ since: new Date(lastSealed.started), until });
        lastSealed = record;
        if (!tally) return;
        tally.sealed += 1;
        tally.sizeBytes = record.bytes;
        tally.durationMs = record.durationMs;
        tally.sentBytes += record.transfer?.sentBytes ?? 0;
        if (record.snapshot !== null) sealed.push(record.snapshot);
        return;
      }
      if (!tally || !isFailure(record)) return;
      tally.failed += 1;
      failures.add(record);
    },
    finish: () => {
      for (const { since, until } of gaps) markGap(expectations.missedDue(since, until), until);
      const since = lastSealed ?? first;
      if (since) markGap(expectations.missedUntilNow(new Date(since.started), now), now);
      const days = [...tallies].map(([date, tally]) => dayOf(date, tally));
      return { days, failures: failures.list(), sealed };
    },
  };
}

function dayOf(date: string, { sealed, failed, sentBytes, sizeBytes, durationMs, dueMissed, stale }: Tally): Day {
  const state: DayState =
    sealed > 0 ? (failed > 0 || dueMissed ? 'late' : 'sealed') : failed > 0 ? 'failed' : stale ? 'missing' : 'none';
  return { date, state, sealed, failed, sentBytes, sizeBytes, durationMs };
}
