import { isMissing, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { parseTime } from '../../src/shared/iso-time.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';

/** Something about one file, for people. */
export interface FileRemark {
  /** Its path in the snapshot. */
  readonly name: string;
  readonly reason: string;
}

/** What a drill with one snapshot found out. */
export interface Drill {
  readonly id: SnapshotId;
  /** Whether this was the newest snapshot then, or an older one. */
  readonly which: 'newest' | 'old';
  readonly started: Date;
  readonly durationMs: number;
  readonly ok: boolean;
  /** Number of dumps that were found to be whole. */
  readonly whole: number;
  /** Dumps that are not; the first of them. */
  readonly broken: readonly FileRemark[];
  /** Dumps that could not be checked; the first of them. */
  readonly unchecked: readonly FileRemark[];
  /** What else went wrong, for people: the command, the time limit; undefined when nothing did. */
  readonly failure: string | undefined;
  /** The last lines of the command. */
  readonly output: readonly string[];
}

/** A drill for programs. Times are ISO 8601 in UTC, durations milliseconds. */
export interface DrillData extends Omit<Drill, 'started' | 'failure'> {
  readonly started: string;
  /** What else went wrong: the command, the time limit; null when nothing did. */
  readonly failure: string | null;
}

/** Drills that are remembered for each job. */
const MOST_DRILLS = 200;

/** Largest size of a record in bytes: many times what it takes. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Reads the last drill of each snapshot of a job, newest first. A missing or damaged file counts as none: the next drill makes another.
 * @param path the `drill` of the job's paths
 */
export async function readDrills(path: string): Promise<readonly Drill[]> {
  try {
    return parseDrills(await readRegularFile(path, LARGEST));
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Adds a drill to the record of a job, in place of the one before with that snapshot. */
export async function addDrill(path: string, drill: Drill): Promise<void> {
  const others = (await readDrills(path)).filter(({ id }) => id !== drill.id);
  const drills = [drill, ...others].slice(0, MOST_DRILLS);
  await writeFileAtomic(path, formatDrills(drills));
}

/** The text of a record. */
export function formatDrills(drills: readonly Drill[]): string {
  return `${JSON.stringify({ version: 1, drills }, null, 2)}\n`;
}

/** Reads the text of a record; what is no drill is left out. @throws SyntaxError when it is no JSON */
export function parseDrills(text: string): readonly Drill[] {
  const data: unknown = JSON.parse(text);
  if (!isRecord(data) || data.version !== 1 || !Array.isArray(data.drills)) return [];
  return (data.drills as unknown[]).flatMap((drill) => parseDrill(drill) ?? []);
}

/** A drill for programs. */
export function drillData(drill: Drill): DrillData {
  return { ...drill, started: drill.started.toISOString(), failure: drill.failure ?? null };
}

function parseDrill(value: unknown): Drill | undefined {
  if (!isRecord(value) || typeof value.id !== 'string') return undefined;
  const id = parseSnapshotId(value.id);
  const started = parseTime(value.started);
  const { which, durationMs, ok, whole, failure } = value;
  if (id === undefined || started === undefined || typeof ok !== 'boolean') return undefined;
  return {
    ...{ id, started, ok, which: which === 'old' ? 'old' : 'newest' },
    durationMs: countOf(durationMs),
    whole: countOf(whole),
    broken: remarksOf(value.broken),
    unchecked: remarksOf(value.unchecked),
    failure: typeof failure === 'string' ? failure : undefined,
    output: Array.isArray(value.output) ? (value.output as unknown[]).filter((line) => typeof line === 'string') : [],
  };
}

function remarksOf(value: unknown): FileRemark[] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).flatMap((remark) =>
    isRecord(remark) && typeof remark.name === 'string' && typeof remark.reason === 'string'
      ? [{ name: remark.name, reason: remark.reason }]
      : [],
  );
}

function countOf(value: unknown): number {
  return Number.isFinite(value) && Number(value) >= 0 ? Number(value) : 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
