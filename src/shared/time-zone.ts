const MINUTE = 60_000;
const DAY = 86_400_000;

/** The default zone. It is handled without Intl, whose first use takes 15 ms. */
const UTC = 'UTC';

const formatters = new Map<string, Intl.DateTimeFormat>();

/** What the clock on the wall of a time zone shows. */
export interface WallClock {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** Minutes ahead of UTC. */
  readonly offset: number;
}

/**
 * What the clock on the wall shows at an instant.
 * @throws RangeError for a time zone that does not exist
 */
export function wallClock(time: Date, timezone: string): WallClock {
  return clockAt(time, offsetMinutes(time, timezone));
}

/**
 * As {@link wallClock}, for many instants of one zone.
 * @throws RangeError for a time zone that does not exist
 */
export function createWallClock(timezone: string): (time: Date) => WallClock {
  const offsetAt = createOffsets(timezone);
  return (time) => clockAt(time, offsetAt(time.getTime()));
}

/**
 * As {@link offsetMinutes}, for many instants of one zone, in milliseconds since the epoch. It looks up the offset once per
 * midnight, and more often only on days on which clocks change.
 * @throws RangeError for a time zone that does not exist
 */
export function createOffsets(timezone: string): (ms: number) => number {
  const midnights = new Map<number, number>();
  const ask = (ms: number) => offsetMinutes(new Date(ms), timezone);
  const atMidnight = (day: number) => {
    let offset = midnights.get(day);
    if (offset === undefined) midnights.set(day, (offset = ask(day * DAY)));
    return offset;
  };
  let [lastDay, lastOffset]: [number, number | undefined] = [Number.NaN, undefined];
  return (ms) => {
    const day = Math.floor(ms / DAY);
    if (day !== lastDay) {
      const offset = atMidnight(day);
      lastDay = day;
      lastOffset = offset === atMidnight(day + 1) ? offset : undefined;
    }
    return lastOffset ?? ask(ms);
  };
}

/**
 * Minutes by which a zone is ahead of UTC at an instant.
 * @throws RangeError for a time zone that does not exist, and for an invalid date
 */
export function offsetMinutes(time: Date, timezone: string): number {
  if (timezone === UTC && !Number.isNaN(time.getTime())) return 0;
  const text = formatterFor(timezone).format(time); // 11/23/2026, 02:15:00
  const [, month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
    /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)/.exec(text) ?? []
  ).map(Number);
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return Math.round((local - Math.floor(time.getTime() / 1000) * 1000) / MINUTE);
}

/** The instants, in milliseconds since the epoch, at which the clock on the wall of a zone shows one time. */
export interface Instants {
  /** The only one, or the first of two; undefined when clocks jump over that time. */
  readonly usual: number | undefined;
  /** The second of two, where clocks are set back over that time. */
  readonly again: number | undefined;
  /** If clocks jump over that time: when it would have come without the jump. */
  readonly jumped: number | undefined;
}

/** Milliseconds: more than the difference between UTC and any zone (-12:00 to +14:00). */
const FARTHEST = 15 * 60 * MINUTE;

/**
 * Finds the instants of a time of day.
 * @param local date and time of day of the zone, as if they were UTC, in milliseconds since the epoch
 * @param offsets of the zone, from {@link createOffsets}
 */
export function instantsOf(local: number, offsets: (ms: number) => number): Instants {
  const offsetAt = (ms: number) => offsets(ms) * MINUTE;
  const before = offsetAt(local - FARTHEST);
  const after = offsetAt(local + FARTHEST);
  const candidates = before === after ? [local - before] : [local - before, local - after];
  const [first, second] = candidates.filter((ms) => offsetAt(ms) === local - ms).sort((a, b) => a - b);
  return { usual: first, again: second, jumped: first === undefined ? local - before : undefined };
}

function clockAt(time: Date, offset: number): WallClock {
  const local = new Date(time.getTime() + offset * MINUTE);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    offset,
  };
}

/** An offset as in ISO 8601: `+02:00`. */
export function formatOffset(minutes: number): string {
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}

/** The instant as date and time of day in a zone, to the minute: `2026-11-23 02:15`. */
export function formatInZone(time: Date, timezone: string): string {
  const { year, month, day, hour, minute } = wallClock(time, timezone);
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}

/** Whether `name` is an IANA time zone that this Node knows. */
export function isTimezone(name: string): boolean {
  if (name === UTC) return true;
  try {
    formatterFor(name);
    return true;
  } catch {
    return false;
  }
}

/** A number with at least two digits. */
export function two(value: number): string {
  return String(value).padStart(2, '0');
}

// Making a formatter takes a thousand times as long as using it.
function formatterFor(timezone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timezone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formatters.set(timezone, formatter);
  }
  return formatter;
}
