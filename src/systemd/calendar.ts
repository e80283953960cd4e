import { CronExpressionParser } from 'cron-parser';
import { UnitTextError } from './unit-text.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

type Values = readonly (number | string)[];

/**
 * Translates a cron expression for systemd (systemd.time(7), "CALENDAR EVENTS"). It may need several values: if cron has both a day of
 * the month and a day of the week, either of them is enough, while in one expression of systemd both must match.
 * @param timezone IANA name
 * @returns values for `OnCalendar=`
 * @throws UnitTextError when systemd cannot express it (`5L`, `1#2`)
 */
export function calendarOf(schedule: string, timezone: string): string[] {
  const { minute, hour, dayOfMonth, month, dayOfWeek } = CronExpressionParser.parse(schedule).fields;
  // The parser does not expose the "2" of "1#2".
  if (schedule.includes('#') || dayOfWeek.values.some((day) => typeof day !== 'number')) {
    throw new UnitTextError(
      `The schedule ${JSON.stringify(schedule)} cannot be expressed for systemd: leave out # and L in the day of the week.`,
    );
  }
  const time = `${list(hour.values, hour.isWildcard)}:${list(minute.values, minute.isWildcard)}:00 ${timezone}`;
  const months = list(month.values, month.isWildcard);
  const ofMonth = dayOfMonth.isWildcard ? [] : daysOfMonth(dayOfMonth.values).map((day) => `*-${months}${day} ${time}`);
  const ofWeek = dayOfWeek.isWildcard ? [] : [`${weekdays(dayOfWeek.values)} *-${months}-* ${time}`];
  const days = [...ofMonth, ...ofWeek];
  return days.length === 0 ? [`*-${months}-* ${time}`] : days;
}

function list(values: Values, all: boolean): string {
  return all ? '*' : values.join(',');
}

/** "L" is the last day; systemd counts days from the end with a tilde. */
function daysOfMonth(values: Values): string[] {
  const numbers = values.filter((day) => typeof day === 'number');
  return [
    ...(numbers.length === 0 ? [] : [`-${numbers.join(',')}`]),
    ...(numbers.length < values.length ? ['~1'] : []),
  ];
}

function weekdays(values: Values): string {
  return [...new Set(values.map((day) => DAYS[Number(day) % 7]))].join(',');
}
