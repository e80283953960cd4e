import { createOffsets, createWallClock, formatOffset, two, type WallClock } from '../../src/shared/time-zone.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const MINUTES_A_DAY = 1440;

/** An instant by the clock on the wall, in numbers. */
interface LocalTime {
  /** Milliseconds since the epoch, and those that the zone is ahead of UTC. */
  readonly ms: number;
  /** Minutes that the zone is ahead of UTC. */
  readonly offset: number;
  /** Days since the epoch. */
  readonly day: number;
  readonly year: number;
  /** From 0. */
  readonly month: number;
}

/** One kind of natural bucket: all that is known of it. */
interface Bucket {
  /** What one is called, and several: `day`, `days`. */
  readonly noun: string;
  readonly plural: string;
  /** Milliseconds that one lasts at least; a day is taken for 24 hours also when clocks are set forward. */
  readonly least: number;
  /** How many the example of a policy keeps. */
  readonly example: number;
  /** Its name. Names sort and are fit to be shown. */
  readonly name: (wall: WallClock) => string;
  /** A number that two instants share exactly when they share the name: quicker to make than a name. */
  readonly number: (local: LocalTime) => number;
}

/** The kinds of buckets under the keys that they have in a policy, finest first. A new one is a row here. */
export const BUCKETS = {
  hourly: {
    ...{ noun: 'hour', plural: 'hours', least: HOUR, example: 24 },
    // With its offset: when clocks are set back, the hour that comes twice is two hours.
    name: ({ hour, offset, ...date }) => `${dayName(date)} ${two(hour)}:00${formatOffset(offset)}`,
    // Offsets lie within a day, so hour and offset fit beside each other without loss.
    number: ({ ms, offset }) => Math.floor(ms / HOUR) * 2 * MINUTES_A_DAY + offset,
  },
  daily: {
    ...{ noun: 'day', plural: 'days', least: DAY, example: 14 },
    name: dayName,
    number: ({ day }) => day,
  },
  weekly: {
    // Those of ISO 8601, whose year can differ from the calendar's around New Year.
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
 * Tells the names of the buckets in which an instant lies, by the clock on the wall of a time zone:
 * `2026-10-25 02:00+02:00`, `2026-10-25`, `2026-W43`, `2026-10`, `2026-Q4`, `2026`.
 * @param timezone IANA name
 * @throws RangeError for a time zone that does not exist
 */
export function createBucketer(timezone: string): (kind: BucketKind, time: Date) => string {
  const wallClock = createWallClock(timezone);
  return (kind, time) => BUCKETS[kind].name(wallClock(time));
}

/**
 * The buckets of many instants as numbers, of which only equality means anything: as many as there are names, and made
 * without a string or a date for each.
 * @param kinds which kinds of buckets; one list of numbers is returned for each
 * @param times milliseconds since the epoch; fastest where neighbours share a day
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
