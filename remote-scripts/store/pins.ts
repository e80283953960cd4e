import { isMissing, errorMessage, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { isDay, parseTime } from '../../src/shared/iso-time.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatInZone } from '../../src/shared/time-zone.ts';

/** A snapshot that an administrator has ordered to be kept, whatever the policy says. */
export interface Pin {
  readonly id: SnapshotId;
  /** In the administrator's words, on one line. */
  readonly why: string;
  /** The last day on which it holds, in the time zone of the settings: `2027-03-31`. Undefined: until it is removed. */
  readonly until: string | undefined;
  /** When it was set or changed. */
  readonly since: Date;
}

/** The pins of one job. */
export interface Pins {
  readonly pins: readonly Pin[];
  /** Why it is not known which snapshots are pinned; undefined if it is. */
  readonly damage: string | undefined;
}

/** Largest size of the file in bytes: a pin for every snapshot that a job can have. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Reads the pins of a job. A file that does not exist means that there are none; one that cannot be read, or is not
 * exactly what we write, is reported as damage, because nobody knows then what must not be removed.
 * @param path `pins` of the job's paths
 */
export async function readPins(path: string): Promise<Pins> {
  try {
    const pins = parsePins(await readRegularFile(path, LARGEST));
    return pins ? { pins, damage: undefined } : { pins: [], damage: `${path} is damaged` };
  } catch (error) {
    return isMissing(error) ? { pins: [], damage: undefined } : { pins: [], damage: errorMessage(error) };
  }
}

/** Replaces the pins of a job, as a whole. To be called under the lock that a run of prune holds. */
export async function writePins(path: string, pins: readonly Pin[]): Promise<void> {
  await writeFileAtomic(path, formatPins(pins));
}

/** The text of the file. */
export function formatPins(pins: readonly Pin[]): string {
  return `${JSON.stringify({ version: 1, pins }, null, 2)}\n`;
}

/** Whether the last day of a pin is over. @param timezone of the settings */
export function hasEnded({ until }: Pick<Pin, 'until'>, now: Date, timezone: string): boolean {
  return until !== undefined && until < dayOf(now, timezone);
}

/** The day that a calendar in this zone shows: `2027-03-31`. */
export function dayOf(time: Date, timezone: string): string {
  return formatInZone(time, timezone).slice(0, 10);
}

/** Reads the text of the file. @returns undefined when it is not exactly what we write */
export function parsePins(text: string): Pin[] | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(data) || data.version !== 1 || !Array.isArray(data.pins)) return undefined;
  const pins = (data.pins as unknown[]).flatMap((entry) => parsePin(entry) ?? []);
  return pins.length === data.pins.length ? pins : undefined;
}

function parsePin(entry: unknown): Pin | undefined {
  if (!isRecord(entry)) return undefined;
  const { why, until } = entry;
  const id = typeof entry.id === 'string' ? parseSnapshotId(entry.id) : undefined;
  const since = parseTime(entry.since);
  if (id === undefined || typeof why !== 'string' || since === undefined) return undefined;
  if (until === undefined) return { id, why, until, since };
  return typeof until === 'string' && isDay(until) ? { id, why, until, since } : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
