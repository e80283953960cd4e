import { CronExpressionParser } from 'cron-parser';
import { createOffsets, instantsOf } from './time-zone.ts';

/** A cron expression in its time zone. */
export interface Schedule {
  /** Five fields of cron, or `@daily` and the like: when the backup job starts. */
  readonly schedule: string;
  /** IANA time zone of the schedule. */
  readonly timezone: string;
}

/** When a snapshot of a job is due. */
export interface Expectation extends Schedule {
  /** Milliseconds after that moment until which the sealed snapshot may take. */
  readonly grace: number;
}

/** Milliseconds that a snapshot may seem to come from the future before the clock is called wrong. */
const CLOCK_TOLERANCE = 300_000;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Milliseconds: more than any clock was ever set forward or back (Samoa left out a day in 2011). */
const CLOCK_CHANGE = 26 * HOUR;

/**
 * Milliseconds that {@link lastDue} looks back, one after the other, until something was due: an hour, a day, a week, a
 * month, a year, a leap day, a leap day around 2100, and a weekday of one.
 */
const LOOK_BACK = [HOUR, DAY, 7 * DAY, 31 * DAY, 366 * DAY, 1461 * DAY, 2922 * DAY, 60 * 366 * DAY] as const;

/**
 * Five fields, each a star or one number in its range, and a day that every month has: nothing can be wrong with them.
 * To let the parser say so takes 25 ms the first time, most of it in Intl, at each start of each command.
 */
const PLAIN = /^(\*|[1-5]?\d) (\*|1?\d|2[0-3]) (\*|[1-9]|1\d|2[0-8]) (\*|[1-9]|1[0-2]) (\*|[0-7])$/;

/**
 * What is wrong with a cron expression, in words. Its time zone is another matter: the format `timezone` of the schema.
 * @returns undefined when it can be used and comes due at least once
 */
export function cronProblem(schedule: string): string | undefined {
  if (PLAIN.test(schedule)) return undefined;
  const fields = schedule.trim() === '' ? [] : schedule.trim().split(/\s+/);
  if (!/^@[a-z]+$/.test(schedule.trim()) && fields.length !== 5) {
    return `${JSON.stringify(schedule)} has ${fields.length} fields; write five: minute hour day-of-month month day-of-week`;
  }
  // "H" stands for a moment that is drawn by lot: two hosts would not agree on when a snapshot is due.
  if (/(^|\s)H/.test(schedule)) return `${JSON.stringify(schedule)} holds H, which stands for no fixed moment`;
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
 * Found by going forward from ever earlier: where clocks change, what comes due is known in that direction alone.
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

/** Whether a job's newest snapshot is as new as it has to be. */
export interface Freshness {
  /**
   * `waiting`: one is due and still within its grace. `never`: there has been none, and none was due yet.
   * `clock-wrong`: the newest comes from the future, so nothing can be said.
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
 * Tells whether a snapshot is overdue. One that was made at 02:15 answers for the schedule until the next 02:15; from
 * there it has the grace until the set counts as overdue.
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
    // Its "next due" may lie years ahead: never let a clock that was set back silence the alarm.
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
 * Endless: every moment strictly after `after`, once each, in order.
 *
 * The parser only ever sees a clock that is never changed (UTC); which instants the times of day stand for in the zone
 * is our part. A time of day that comes twice counts once (the first), and one that is jumped over counts at the moment
 * to which clocks jump it, as cron(8) does. Where the hour is a star, what counts is that time goes by, as in cron(8):
 * twice if it comes twice, and not at all if it is jumped over.
 */
function* duesAfter({ schedule, timezone }: Schedule, after: Date): Generator<Date> {
  const offsets = createOffsets(timezone);
  const everyHour = /^(\S+\s+\*|@hourly)/.test(schedule.trim());
  let last = after.getTime();
  /** Later than what the next time of day stands for, perhaps: the second of two, or one that clocks jump. */
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
 * The time of day from which to begin, as if it were UTC. Near a change of clocks, one that lies before it: what the change
 * has put off may still be to come.
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
