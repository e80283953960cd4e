/**
 * `2026/11/23-02:15:00`. The year fills four places with what was a blank in front (`--68`); where it has more than four digits, rsync cuts off
 * the end (timestring() in util1.c, rsync 3.5.0).
 */
const MTIME = /^(-*\d+)\/(\d\d)\/(\d\d)-(\d\d):?(\d*):?(\d*)/;

/** Seconds since 1970 of an mtime as rsync writes it; infinite beyond the range of a Date, and NaN if it is no time. */
export function secondsOf(mtime: string): number {
  const parts = MTIME.exec(mtime.replace(/^-+/, '-'));
  if (parts === null) return Number.NaN;
  const [year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // Date.UTC takes the year 50 for 1950
  date.setUTCHours(hours, minutes, seconds);
  const milliseconds = date.getTime();
  if (Number.isNaN(milliseconds)) return year < 0 ? -Infinity : Infinity;
  return milliseconds / 1000;
}
