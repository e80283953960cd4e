const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

// Binary suffixes are powers of 1024, decimal ones powers of 1000; a bare letter is binary, as in rsync and coreutils.
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** What a duration looks like, for JSON Schema and messages. */
export const DURATION_PATTERN = '^\\s*(?:\\d+(?:\\.\\d+)?\\s*(?:ms|s|m|h|d|w)\\s*)+$';
/** What a size looks like. */
export const SIZE_PATTERN = '^\\s*\\d+(?:\\.\\d+)?\\s*(?:[KMGTkmgt](?:[iI]?[bB])?|[bB])?\\s*$';
/** What a share looks like: `30%`. */
export const PERCENT_PATTERN = '^\\s*(?:100|\\d{1,2})(?:\\.\\d+)?\\s*%\\s*$';

/**
 * Reads a duration as people write it: `90s`, `6h`, `1h30m`, `2 d`.
 * @returns milliseconds, or undefined if the text is no duration
 */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)/g)) {
    total += Number(amount) * (DURATION_UNITS[unit ?? ''] ?? Number.NaN);
  }
  return safe(total);
}

/**
 * Reads a size as people write it: `20MiB`, `1.5G`, `500 kB`, `4096`.
 * @returns bytes, or undefined if the text is no size
 */
export function parseSize(text: string): number | undefined {
  if (!new RegExp(SIZE_PATTERN).test(text)) return undefined;
  const [, amount, unit] = /(\d+(?:\.\d+)?)\s*([A-Za-z]*)/.exec(text) ?? [];
  const factor = SIZE_UNITS[(unit ?? '').toUpperCase()];
  return factor === undefined ? undefined : safe(Number(amount) * factor);
}

/** A number beyond these would be another one than was written, or none: as a limit, it would limit nothing. */
function safe(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** Reads `30%` as the share 0.3. */
export function parsePercent(text: string): number | undefined {
  if (!new RegExp(PERCENT_PATTERN).test(text)) return undefined;
  const percent = Number.parseFloat(text);
  return percent <= 100 ? percent / 100 : undefined;
}

/** A duration (milliseconds) for people: `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** A size (bytes) for people, in powers of 1024: `812 B`, `19.4 KiB`, `3.00 GiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let index = -1;
  do {
    value /= 1024;
    index += 1;
  } while (value >= 1023.5 && index < units.length - 1);
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[index] ?? ''}`;
}

/**
 * A whole number with a noun: `1 file`, `12,345 files`. It does not use Intl, whose first use takes 13 ms, which would fall between
 * the walk of the source and the push.
 */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')} ${count === 1 ? singular : plural}`;
}
