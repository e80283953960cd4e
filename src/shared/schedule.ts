import { CronExpressionParser } from 'cron-parser';
import { isTimezone, offsetMinutes } from './time-zone.ts';

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

/** Milliseconds: more than any clock is set forward or back for daylight saving. */
const CLOCK_CHANGE = 3 * 3_600_000;

/**
 * Five fields, each a star or one number in its range, and a day that every month has: nothing can be wrong with them.
 * To let the parser say so takes 25 ms the first time, most of it in Intl, at each start of each command.
 */
const PLAIN = /^(\*|[1-5]?\d) (\*|1?\d|2[0-3]) (\*|[1-9]|1\d|2[0-8]) (\*|[1-9]|1[0-2]) (\*|[0-7])$/;

/**
 * What is wrong with a schedule, in words.
 * @returns undefined when it can be used and comes due at least once
 */
export function scheduleProblem(schedule: string, timezone: string): string | undefined {
  if (!isTimezone(timezone))
    return `${JSON.stringify(timezone)} is no time zone: write an IANA name such as Europe/Berlin`;
  if (PLAIN.test(schedule)) return undefined;
  const fields = schedule.trim() === '' ? [] : schedule.trim().split(/\s+/);
  if (!/^@[a-z]+$/.test(schedule.trim()) && fields.length !== 5) {
    return `${JSON.stringify(schedule)} has ${fields.length} fields; write five: minute hour day-of-month month day-of-week`;
  }
  // "H" stands for a moment that is drawn by lot: two hosts would not agree on when a snapshot is due.
  if (/(^|\s)H/.test(schedule)) return `${JSON.stringify(schedule)} holds H, which stands for no fixed moment`;
  try {
    parse({ schedule, timezone }, new Date(Date.UTC(2024, 0, 1))).next();
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

/** The last moment at or before `at` at which the schedule came due. */
export function lastDue(expectation: Schedule, at: Date): Date {
  // The parser looks strictly before, in whole seconds. Going back it misses a moment that clocks jumped over and takes
  // the second of two, so its answer is only where we start to look forward from.
  const justAfter = new Date(Math.floor(at.getTime() / 1000) * 1000 + 1000);
  let last = parse(expectation, justAfter).prev().toDate();
  const start = new Date(last.getTime() - CLOCK_CHANGE);
  for (const due of duesAfter(expectation, start)) {
    if (due.getTime() > at.getTime()) break;
    last = due;
  }
  return last;
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
 * Endless: every moment strictly after `after`, once each.
 *
 * A time of day that comes twice counts once (the first), and one that is jumped over counts at the moment to which
 * clocks jump it, as cron(8) does. The parser does so only when it starts well before the change (cron-parser 5.10,
 * measured), so near a change we start earlier and leave out what is too old.
 */
function* duesAfter(expectation: Schedule, after: Date): Generator<Date> {
  const earlier = new Date(after.getTime() - CLOCK_CHANGE);
  const changed = offsetMinutes(earlier, expectation.timezone) !== offsetMinutes(after, expectation.timezone);
  const iterator = parse(expectation, changed ? new Date(earlier.getTime() - CLOCK_CHANGE) : after);
  let last = after.getTime();
  for (;;) {
    const due = iterator.next().toDate();
    if (due.getTime() <= last) continue;
    last = due.getTime();
    yield due;
  }
}

function parse({ schedule, timezone }: Schedule, currentDate: Date) {
  return CronExpressionParser.parse(schedule, { currentDate, tz: timezone });
}
