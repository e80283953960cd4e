import { isMissing, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { isTime } from '../../src/shared/iso-time.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { JobPaths } from './places.ts';

/** A pass over everything that a job has stored, in shares. Times are ISO 8601 in UTC. */
export interface ScrubCycle {
  readonly startedAt: string;
  /** The last name that is finished, as rsync writes it; null while there is none. */
  readonly cursor: string | null;
  /** How much of it is done, from 0 to 1. */
  readonly done: number;
  /** Snapshots whose names have been compared with their manifests. */
  readonly named: readonly SnapshotId[];
  /** What has been read: files (inodes) and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

/** A cycle that is complete. */
export interface FinishedCycle {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly files: number;
  readonly bytes: number;
}

/** How far the scrub of a job has come. */
export interface ScrubState {
  /** When a scrub last did its share (ISO 8601, UTC); null if none ever has. */
  readonly ranAt: string | null;
  readonly cycle: ScrubCycle | null;
  readonly last: FinishedCycle | null;
  /** Marks of what people have been told of. */
  readonly told: readonly string[];
}

/** The state before the first scrub. */
export const NEVER_SCRUBBED: ScrubState = { ranAt: null, cycle: null, last: null, told: [] };

const LARGEST = 64 * 1024 * 1024;

/**
 * Reads how far the scrub of a job has come.
 * @throws Error when that cannot be read. What is lost is the place in the cycle, and what people have been told
 */
export async function readScrubState({ scrub: path }: Pick<JobPaths, 'scrub'>): Promise<ScrubState> {
  let text: string;
  try {
    text = await readRegularFile(path, LARGEST);
  } catch (error) {
    if (isMissing(error)) return NEVER_SCRUBBED;
    throw error;
  }
  const state = parseScrubState(text);
  if (state === undefined) throw new Error(`${path} is damaged`);
  return state;
}

/** Writes how far the scrub of a job has come. @throws NodeJS.ErrnoException when the disk does not take it */
export async function writeScrubState({ scrub: path }: Pick<JobPaths, 'scrub'>, state: ScrubState): Promise<void> {
  await writeFileAtomic(path, formatScrubState(state));
}

/** The text of the state. */
export function formatScrubState(state: ScrubState): string {
  return `${JSON.stringify({ version: 1, ...state })}\n`;
}

/** Reads the text of the state. @returns undefined when it is not one of ours */
export function parseScrubState(text: string): ScrubState | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(data) || data.version !== 1) return undefined;
  const { ranAt, cycle, last, told } = data;
  return {
    ranAt: isTime(ranAt) ? ranAt : null,
    cycle: parseCycle(cycle),
    last: parseFinished(last),
    told: Array.isArray(told) ? (told as unknown[]).filter((mark) => typeof mark === 'string') : [],
  };
}

function parseCycle(value: unknown): ScrubCycle | null {
  if (!isRecord(value)) return null;
  const { startedAt, cursor, done, named, files, bytes } = value;
  if (!isTime(startedAt) || (cursor !== null && typeof cursor !== 'string')) return null;
  if (!isAmount(done) || done > 1 || !isAmount(files) || !isAmount(bytes) || !Array.isArray(named)) return null;
  const ids = (named as unknown[]).map((id) => (typeof id === 'string' ? parseSnapshotId(id) : undefined));
  return { startedAt, cursor, done, named: ids.filter((id) => id !== undefined), files, bytes };
}

function parseFinished(value: unknown): FinishedCycle | null {
  if (!isRecord(value)) return null;
  const { startedAt, endedAt, files, bytes } = value;
  return isTime(startedAt) && isTime(endedAt) && isAmount(files) && isAmount(bytes)
    ? { startedAt, endedAt, files, bytes }
    : null;
}

function isAmount(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
