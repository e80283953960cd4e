import { CronExpressionParser } from 'cron-parser';
import { createOffsets, instantsOf } from './time-zone.ts';

/** A cron expression in its time zone. */
export interface Schedule {
  /** Five fields of cron, or a name such as `@daily`: when the backup job starts. */
  readonly schedule: string;
  /** IANA time zone of the schedule. */
  readonly timezone: string;
}

/** When a snapshot of a job is due. */
export interface Expectation extends Schedule {
  /** Milliseconds after that moment within which the sealed snapshot has to arrive. */
  readonly grace: number;
}

/** How far in the future a snapshot may seem to lie, in milliseconds, before the clock is called wrong. */
const CLOCK_TOLERANCE = 300_000;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Milliseconds: more than any time zone was ever changed by (Samoa skipped a day in 2011). */
const CLOCK_CHANGE = 26 * HOUR;

/**
 * Spans, in milliseconds, over which {@link lastDue} looks back one after the other until it finds a moment at which something
 * was due: an hour, a day, a week, a month, a year, between leap days, the same around 2100, and between leap days on one weekday.
 */
const LOOK_BACK = [HOUR, DAY, 7 * DAY, 31 * DAY, 366 * DAY, 1461 * DAY, 2922 * DAY, 60 * 366 * DAY] as const;

/**
 * Five fields, each a star or one number in its range, and a day that every month has: such an expression is always valid.
 * Asking the parser would take 25 ms at each start of each command, most of it in Intl.
 */
const PLAIN = /^(\*|[1-5]?\d) (\*|1?\d|2[0-3]) (\*|[1-9]|1\d|2[0-8]) (\*|[1-9]|1[0-2]) (\*|[0-7])$/;

/**
 * What is wrong with a cron expression, in words. Its time zone is checked elsewhere, by the format `timezone` of the schema.
 * @returns undefined when it can be used and comes due at least once
 */
export function cronProblem(schedule: string): string | undefined {
  if (PLAIN.test(schedule)) return undefined;
  const fields = schedule.trim() === '' ? [] : schedule.trim().split(/\s+/);
  if (!/^@[a-z]+$/.test(schedule.trim()) && fields.length !== 5) {
    return `${JSON.stringify(schedule)} has ${fields.length} fields; write five: minute hour day-of-month month day-of-week`;
  }
  // "H" means a random moment, wherever it stands (cron-parser replaces it in each word of a field, as in `1,H` and `SUNH`): two hosts
  // would not agree on when a snapshot is due.
  if (schedule.replace(/thu/gi, '').includes('H'))
    return `${JSON.stringify(schedule)} contains H, which means a random moment`;
  try {
    parse(schedule, new Date(Date.UTC(2024, 0, 1))).next();
    return undefined;
  } catch (error) {
    return `${JSON.stringify(schedule)} is no schedule: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The first moment strictly after `after` at which the schedule comes due. */
export function nextDue(expectation: Schedule, after: Date): Date {
  for (const due of duesAfter(expectation, after)) return due;
  throw new RangeError(`The schedule ${expectation.schedule} never comes due.`);
}

/**
 * The last moment at or before `at` at which the schedule came due.
 *
 * It goes forward from ever earlier starting points, because where clocks change, due times can only be computed forwards.
 */
export function lastDue(expectation: Schedule, at: Date): Date {
  for (const span of LOOK_BACK) {
    let last: Date | undefined;
    for (const due of duesAfter(expectation, new Date(at.getTime() - span))) {
      if (due.getTime() > at.getTime()) break;
      last = due;
    }
    if (last) return last;
  }
  throw new RangeError(`The schedule ${expectation.schedule} never comes due.`);
}

/**
 * The moments at which a schedule comes due in a span of time.
 * @param from exclusive
 * @param to inclusive
 */
export function duesBetween(expectation: Schedule, from: Date, to: Date): Date[] {
  const dues: Date[] = [];
  for (const due of duesAfter(expectation, from)) {
    if (due.getTime() > to.getTime()) break;
    dues.push(due);
  }
  return dues;
}

/** Whether a job's newest snapshot is new enough. */
export interface Freshness {
  /**
   * `waiting`: one is due and still within its grace. `never`: there has been none, and none was due yet.
   * `clock-wrong`: the newest lies in the future, so nothing can be concluded.
   */
  readonly state: 'fresh' | 'waiting' | 'overdue' | 'never' | 'clock-wrong';
  /** The last moment at which the schedule came due, and the next one. */
  readonly lastDue: Date;
  readonly nextDue: Date;
  /** The moment from which on the set is overdue unless a newer snapshot arrives. */
  readonly deadline: Date;
  /** Milliseconds since that moment; 0 before it. */
  readonly overdueBy: number;
}

/**
 * Decides whether a snapshot is overdue. One that was made at 02:15 satisfies the schedule until the next 02:15. After that, the
 * grace has to pass before the set counts as overdue.
 * @param newest when the newest snapshot was made or arrived; undefined when there is none
 * @param now the present
 * @param since for a job without snapshots, from when on one is expected; default: one is overdue already
 */
export function assessFreshness(
  expectation: Expectation,
  newest: Date | undefined,
  now: Date,
  since?: Date,
): Freshness {
  const last = lastDue(expectation, now);
  const next = nextDue(expectation, now);
  if (newest && newest.getTime() - now.getTime() > CLOCK_TOLERANCE) {
    // Its "next due" may lie years ahead. A clock that was set back must not silence the alarm.
    return { state: 'clock-wrong', lastDue: last, nextDue: next, deadline: now, overdueBy: 0 };
  }
  const from = newest ?? since;
  const due = from ? nextDue(expectation, from) : last;
  const deadline = new Date(due.getTime() + (from ? expectation.grace : 0));
  const overdueBy = Math.max(0, now.getTime() - deadline.getTime());
  const state =
    now.getTime() >= deadline.getTime()
      ? 'overdue'
      : newest === undefined
        ? 'never'
        : now.getTime() >= due.getTime()
          ? 'waiting'
          : 'fresh';
  return { state, lastDue: last, nextDue: next, deadline, overdueBy };
}

/**
 * Endless: every due moment strictly after `after`, once each, in order.
 *
 * The parser works in UTC, where clocks never change; we convert its times of day to instants of the zone ourselves, as cron(8)
 * does. A time of day that occurs twice counts once (the first time), and one that is skipped counts at the moment to which the
 * clocks jump. Where the hour is a star, elapsed time counts: an hour that occurs twice counts twice, and a skipped one not at all.
 */
function* duesAfter({ schedule, timezone }: Schedule, after: Date): Generator<Date> {
  const offsets = createOffsets(timezone);
  const everyHour = /^(\S+\s+\*|@hourly)/.test(schedule.trim());
  let last = after.getTime();
  /** These may lie after the instants of the next time of day: the second of two, or one that clocks jump over. */
  const later: number[] = [];
  for (const local of timesOfDay(schedule, startOn(offsets, last))) {
    const { usual, again, jumped } = instantsOf(local, offsets);
    if (jumped !== undefined && !everyHour) later.push(jumped);
    if (again !== undefined && everyHour) later.push(again);
    if (usual === undefined) continue;
    later.sort((a, b) => a - b);
    const ready = later.splice(0, later.filter((time) => time <= usual).length);
    for (const due of [...ready, usual]) {
      if (due <= last) continue;
      last = due;
      yield new Date(due);
    }
  }
}

/**
 * The time of day from which to begin, as if it were UTC. Near a change of clocks it lies before the change, because moments that
 * the change has postponed may still be due.
 */
function startOn(offsets: (ms: number) => number, after: number): number {
  const offset = offsets(after);
  return after + offset * 60_000 - (offsets(after - CLOCK_CHANGE) === offset ? 0 : CLOCK_CHANGE);
}

/** Endless: the times of day strictly after `after`, all as if they were UTC, in milliseconds. */
function* timesOfDay(schedule: string, after: number): Generator<number> {
  const iterator = parse(schedule, new Date(after));
  for (;;) yield iterator.next().getTime();
}

function parse(schedule: string, currentDate: Date) {
  return CronExpressionParser.parse(schedule, { currentDate, tz: 'UTC' });
}
