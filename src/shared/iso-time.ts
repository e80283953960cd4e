const WRITTEN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/;

/**
 * Reads a time as our programs write it: ISO 8601 in UTC, with or without milliseconds, of a second that exists. `Date.parse` alone would take
 * `1`, `Mon` and 30 February.
 * @returns undefined for anything else
 */
export function parseTime(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !WRITTEN.test(value)) return undefined;
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(value.slice(0, 19)) ? time : undefined;
}

/** Whether this is a time as our programs write it; see {@link parseTime}. */
export function isTime(value: unknown): value is string {
  return parseTime(value) !== undefined;
}

/** Whether this is a day that exists, as `2027-03-31`. */
export function isDay(text: string): boolean {
  return isTime(`${text}T00:00:00Z`);
}
