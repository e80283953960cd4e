import { createOffsets, createWallClock, formatOffset, two, type WallClock } from '../../src/shared/time-zone.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const MINUTES_A_DAY = 1440;

/** An instant in local time, in numbers. */
interface LocalTime {
  /** Milliseconds since the epoch, plus those by which the zone is ahead of UTC. */
  readonly ms: number;
  /** Minutes by which the zone is ahead of UTC. */
  readonly offset: number;
  /** Days since the epoch. */
  readonly day: number;
  readonly year: number;
  /** From 0. */
  readonly month: number;
}

/** Everything about one kind of natural bucket. */
interface Bucket {
  /** Its name in the singular and the plural: `day`, `days`. */
  readonly noun: string;
  readonly plural: string;
  /** Shortest length in milliseconds; a day counts as 24 hours even when the clocks are set forward. */
  readonly least: number;
  /** How many of them the example of a policy keeps. */
  readonly example: number;
  /** The name of one bucket. Names sort by time and can be shown to people. */
  readonly name: (wall: WallClock) => string;
  /** A number that two instants share exactly if they share the name. It is faster to compute than the name. */
  readonly number: (local: LocalTime) => number;
}

/**
 * The kinds of buckets by their keys in a policy, finest first. A new one is a row here. The first snapshot of a bucket is kept, and not the
 * last, so that a flood displaces nothing (design.md#on-the-secondary).
 */
export const BUCKETS = {
  hourly: {
    ...{ noun: 'hour', plural: 'hours', least: HOUR, example: 24 },
    // With the offset, because when the clocks are set back, the hour that occurs twice is two hours.
    name: ({ hour, offset, ...date }) => `${dayName(date)} ${two(hour)}:00${formatOffset(offset)}`,
    // Offsets are less than a day, so hour and offset fit into one number without loss.
    number: ({ ms, offset }) => Math.floor(ms / HOUR) * 2 * MINUTES_A_DAY + offset,
  },
  daily: {
    ...{ noun: 'day', plural: 'days', least: DAY, example: 14 },
    name: dayName,
    number: ({ day }) => day,
  },
  weekly: {
    // Weeks of ISO 8601, whose year can differ from the calendar year around New Year.
    ...{ noun: 'week', plural: 'ISO weeks', least: 7 * DAY, example: 8 },
    name: ({ year, month, day }) => isoWeek(year, month, day),
    number: ({ day }) => Math.floor((day + 3) / 7), // 1970-01-01 was a Thursday
  },
  monthly: {
    ...{ noun: 'month', plural: 'months', least: 28 * DAY, example: 12 },
    name: ({ year, month }) => `${year}-${two(month)}`,
    number: ({ year, month }) => year * 12 + month,
  },
  quarterly: {
    ...{ noun: 'quarter', plural: 'quarters', least: 90 * DAY, example: 4 },
    name: ({ year, month }) => `${year}-Q${Math.ceil(month / 3)}`,
    number: ({ year, month }) => year * 4 + Math.floor(month / 3),
  },
  yearly: {
    ...{ noun: 'year', plural: 'years', least: 365 * DAY, example: 3 },
    name: ({ year }) => String(year),
    number: ({ year }) => year,
  },
} as const satisfies Readonly<Record<string, Bucket>>;

/** `hourly`: one snapshot an hour, and so on. */
export type BucketKind = keyof typeof BUCKETS;

/** The kinds of natural buckets, finest first. */
export const BUCKET_KINDS = Object.keys(BUCKETS) as readonly BucketKind[];

/**
 * Makes a function that names the buckets of an instant in the local time of a zone: `2026-10-25 02:00+02:00`,
 * `2026-10-25`, `2026-W43`, `2026-10`, `2026-Q4`, `2026`.
 * @param timezone IANA name
 * @throws RangeError for a time zone that does not exist
 */
export function createBucketer(timezone: string): (kind: BucketKind, time: Date) => string {
  const wallClock = createWallClock(timezone);
  return (kind, time) => BUCKETS[kind].name(wallClock(time));
}

/**
 * The buckets of many instants as numbers, without making a string or a date for each. Only the equality of these
 * numbers means anything.
 * @param kinds which kinds of buckets; one list of numbers is returned for each
 * @param times milliseconds since the epoch; fastest if neighbours share a day
 * @param timezone IANA name
 * @throws RangeError for a time zone that does not exist
 */
export function numberBuckets(
  kinds: readonly BucketKind[],
  times: readonly number[],
  timezone: string,
): Float64Array[] {
  const numbers = kinds.map((kind) => ({ of: BUCKETS[kind].number, all: new Float64Array(times.length) }));
  const offsetAt = createOffsets(timezone);
  const local = { ms: 0, offset: 0, day: Number.NaN, year: 0, month: 0 };
  for (let index = 0; index < times.length; index += 1) {
    const time = times[index] ?? 0;
    local.offset = offsetAt(time);
    local.ms = time + local.offset * MINUTE;
    const day = Math.floor(local.ms / DAY);
    if (day !== local.day) {
      const date = new Date(day * DAY);
      local.day = day;
      local.year = date.getUTCFullYear();
      local.month = date.getUTCMonth();
    }
    for (const { of, all } of numbers) all[index] = of(local);
  }
  return numbers.map(({ all }) => all);
}

function dayName({ year, month, day }: Pick<WallClock, 'year' | 'month' | 'day'>): string {
  return `${year}-${two(month)}-${two(day)}`;
}

// A week belongs to the year in which its Thursday lies (ISO 8601).
function isoWeek(year: number, month: number, day: number): string {
  const days = Date.UTC(year, month - 1, day) / DAY;
  const weekday = (((days + 3) % 7) + 7) % 7; // 1970-01-01 was a Thursday; Monday is 0
  const thursday = days - weekday + 3;
  const weekYear = new Date(thursday * DAY).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(weekYear, 0, 1) / DAY) / 7) + 1;
  return `${weekYear}-W${two(week)}`;
}
