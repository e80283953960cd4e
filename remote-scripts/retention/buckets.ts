import type { BucketKind } from './policy.ts';
import { createOffsets, createWallClock, formatOffset, two } from '../../src/shared/time-zone.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const MINUTES_A_DAY = 1440;

/** Tells the bucket of each kind in which an instant lies. */
export type Bucketer = (time: Date) => Readonly<Record<BucketKind, string>>;

/**
 * Natural buckets, by the clock on the wall of a time zone.
 *
 * The names sort and are fit to be shown: `2026-10-25 02:00+02:00`, `2026-10-25`, `2026-W43`, `2026-10`, `2026`.
 * The hour carries its offset: when clocks are set back, the hour that comes twice is two hours. Weeks are those of
 * ISO 8601, whose year can differ from the calendar's around New Year.
 * @param timezone IANA name
 * @throws RangeError for a time zone that does not exist
 */
export function createBucketer(timezone: string): Bucketer {
  const wallClock = createWallClock(timezone);
  // Snapshots of one day share all but the hour, and with it the strings.
  const days = new Map<number, Omit<Readonly<Record<BucketKind, string>>, 'hourly'>>();
  return (time) => {
    const { year, month, day, hour, offset } = wallClock(time);
    const key = (year * 100 + month) * 100 + day;
    let names = days.get(key);
    if (!names) {
      names = {
        daily: `${year}-${two(month)}-${two(day)}`,
        weekly: isoWeek(year, month, day),
        monthly: `${year}-${two(month)}`,
        yearly: String(year),
      };
      days.set(key, names);
    }
    return { hourly: `${names.daily} ${two(hour)}:00${formatOffset(offset)}`, ...names };
  };
}

/**
 * The buckets of many instants as numbers, of which only equality means anything: as many as there are names, and made
 * without a string or a date for each.
 * @param times milliseconds since the epoch; fastest where neighbours share a day
 * @param timezone IANA name
 * @throws RangeError for a time zone that does not exist
 */
export function numberBuckets(times: readonly number[], timezone: string): Readonly<Record<BucketKind, Float64Array>> {
  const numbersOf = () => new Float64Array(times.length);
  const numbers = {
    hourly: numbersOf(),
    daily: numbersOf(),
    weekly: numbersOf(),
    monthly: numbersOf(),
    yearly: numbersOf(),
  };
  const offsetAt = createOffsets(timezone);
  let day = Number.NaN;
  let [year, month] = [0, 0];
  for (let index = 0; index < times.length; index += 1) {
    const time = times[index] ?? 0;
    const offset = offsetAt(time);
    const local = time + offset * MINUTE;
    if (Math.floor(local / DAY) !== day) {
      day = Math.floor(local / DAY);
      const date = new Date(day * DAY);
      year = date.getUTCFullYear();
      month = date.getUTCMonth();
    }
    // Offsets lie within a day, so hour and offset fit beside each other without loss.
    numbers.hourly[index] = Math.floor(local / HOUR) * 2 * MINUTES_A_DAY + offset;
    numbers.daily[index] = day;
    numbers.weekly[index] = Math.floor((day + 3) / 7); // 1970-01-01 was a Thursday
    numbers.monthly[index] = year * 12 + month;
    numbers.yearly[index] = year;
  }
  return numbers;
}

/** What one bucket of a kind is called: `day`. */
export const BUCKET_NOUNS: Readonly<Record<BucketKind, string>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
  yearly: 'year',
};

// A week belongs to the year in which its Thursday lies (ISO 8601).
function isoWeek(year: number, month: number, day: number): string {
  const days = Date.UTC(year, month - 1, day) / DAY;
  const weekday = (((days + 3) % 7) + 7) % 7; // 1970-01-01 was a Thursday; Monday is 0
  const thursday = days - weekday + 3;
  const weekYear = new Date(thursday * DAY).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(weekYear, 0, 1) / DAY) / 7) + 1;
  return `${weekYear}-W${two(week)}`;
}
