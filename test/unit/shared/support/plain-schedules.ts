import { expect } from 'vitest';
import { duesBetween, lastDue, nextDue, type Schedule } from '../../../../src/shared/schedule.ts';
import { formatInZone } from '../../../../src/shared/time-zone.ts';
import type { ClockChange } from './clock-changes.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The plain schedules, with the days on which each comes due. */
const PLAIN: readonly { readonly schedule: string; readonly time: string; readonly isDay: (date: Date) => boolean }[] =
  [
    { schedule: '0 0 * * *', time: '00:00', isDay: () => true },
    { schedule: '30 2 * * *', time: '02:30', isDay: () => true },
    { schedule: '0 0 * * 0', time: '00:00', isDay: (date) => date.getUTCDay() === 0 },
    { schedule: '0 0 1 * *', time: '00:00', isDay: (date) => date.getUTCDate() === 1 },
  ];

/**
 * Compares the plain daily, weekly and monthly schedules in the days around a change of clocks with a computation of
 * its own, and that with what the clock on the wall shows.
 * @param change the change to check
 * @param changes of that zone, in order
 * @throws an assertion that names zone, schedule and moment
 */
export function expectPlainSchedules(change: ClockChange, changes: readonly ClockChange[]): void {
  const { timezone, at } = change;
  const near = changesNear(change, changes);
  const from = Math.floor(at / DAY) * DAY - 3 * DAY;
  const to = from + 7 * DAY;
  for (const { schedule, time, isDay } of PLAIN) {
    const expression: Schedule = { schedule, timezone };
    const label = `${timezone} ${schedule} around ${new Date(at).toISOString()}`;
    const wanted = expectedDues(near, from, time, isDay).filter((due) => due > from && due <= to);
    const found = duesBetween(expression, new Date(from), new Date(to));
    // Compared at once: an assertion takes longer than what it asserts.
    const known = probes(at).map((now) => ({
      now,
      last: wanted.filter((due) => due <= now).at(-1),
      next: wanted.find((due) => due > now),
    }));
    const beside = known.map(({ now, last, next }) => {
      const before = lastDue(expression, new Date(now)).getTime();
      return {
        now,
        last: last === undefined && before <= from ? undefined : before,
        next: next && nextDue(expression, new Date(now)).getTime(),
      };
    });
    expect({ found: found.map((due) => due.getTime()), beside }, label).toEqual({ found: wanted, beside: known });
  }
}

/** Starting moments: before, at and after the change, and in the days around it. */
function probes(at: number): number[] {
  return [-25 * HOUR, -HOUR, -MINUTE, -1, 0, 30 * MINUTE, HOUR, 25 * HOUR].map((span) => at + span);
}

/** The change, and those of its zone that are near enough to matter for the days around it. */
export function changesNear({ at }: ClockChange, changes: readonly ClockChange[]): ClockChange[] {
  return changes.filter((other) => Math.abs(other.at - at) < 12 * DAY);
}

/** When a time of day occurs: at the first instant at which it is shown, or after the jump that skips it. */
function instantOf(changes: readonly ClockChange[], local: number): { readonly due: number; readonly shown: boolean } {
  let due = local - (changes[0]?.before ?? 0) * MINUTE;
  for (const { at, before, after } of changes) {
    if (due < at) return { due, shown: true };
    // A skipped time comes as long after the jump as it is after the beginning of the skipped span.
    if (local < at + after * MINUTE) return { due: local - before * MINUTE, shown: false };
    due = local - after * MINUTE;
  }
  return { due, shown: true };
}

function expectedDues(
  changes: readonly ClockChange[],
  from: number,
  time: string,
  isDay: (date: Date) => boolean,
): number[] {
  const dues = new Set<number>();
  for (let day = from - 2 * DAY; day < from + 10 * DAY; day += DAY) {
    if (!isDay(new Date(day))) continue;
    const { due, shown } = instantOf(changes, day + minutesOf(time) * MINUTE);
    dues.add(due);
    const text = `${new Date(day).toISOString().slice(0, 10)} ${time}`;
    if (shown) expect(formatInZone(new Date(due), changes[0]?.timezone ?? '')).toBe(text);
  }
  return [...dues].sort((a, b) => a - b);
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
