import { isDay, isTime } from './iso-time.ts';
import { isName } from './names.ts';
import { parseSnapshotId, type SnapshotId } from './snapshot-id.ts';
import { verifyModes, type VerifyMode } from './verify-mode.ts';

/** One snapshot as it lies on the secondary. */
export interface ListedSnapshot {
  readonly id: SnapshotId;
  /** Whether it has a seal: complete and verified by its sender. Without one, times, size and files are null. */
  readonly sealed: boolean;
  /** When it was verified, by the sender's clock, and how; when the gate accepted the seal, by its own (ISO 8601, UTC). */
  readonly finished: string | null;
  readonly received: string | null;
  readonly verification: VerifyMode | null;
  /** Regular files and their bytes, as the seal says. */
  readonly files: number | null;
  readonly bytes: number | null;
  /** Since when the secondary itself has the checksum of each file (ISO 8601, UTC); null where it has no manifest. */
  readonly manifest: string | null;
  /** Stored files that are known to be damaged; null if nobody knows. */
  readonly damaged: number | null;
  /** An administrator's order to keep it; null if there is none. */
  readonly pinned: { readonly why: string; readonly until: string | null } | null;
}

/** What is stored of one job. */
export interface ListedJob {
  readonly job: string;
  /** Oldest first. */
  readonly snapshots: readonly ListedSnapshot[];
  /** Snapshots that found no place in the answer; they are the oldest. */
  readonly omitted: number;
  /** What could not be read there, in words. */
  readonly problems: readonly string[];
}

/** The gate's answer to `list` (design.md#the-wire). */
export interface StoreListing {
  readonly metadata: 'fake_super' | 'plain';
  readonly jobs: readonly ListedJob[];
}

/** Most snapshots of a job in an answer. */
export const MOST_LISTED = 10_000;

/** Most problems of a job in an answer, and their longest text in characters. */
const MOST_PROBLEMS = 100;
const LONGEST_PROBLEM = 500;

/**
 * The text of an answer, in lines of JSON: the head with the number of lines that follow, and for each job its own line before those of its
 * snapshots. No line is long, so that whoever reads them needs little memory; and an answer that was cut off is known as such.
 */
export function formatListing({ metadata, jobs }: StoreListing): string {
  const lines: unknown[] = jobs.flatMap(({ job, snapshots, omitted, problems }) => [
    { job, omitted, problems: problems.slice(0, MOST_PROBLEMS).map((text) => text.slice(0, LONGEST_PROBLEM)) },
    ...snapshots,
  ]);
  return [{ version: 1, metadata, lines: lines.length }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/**
 * Reads an answer. It comes from another host, so nothing in it is taken on trust.
 * @param lines as {@link formatListing} writes them
 * @returns undefined if it is not exactly one answer, whole
 */
export function parseListing(lines: readonly string[]): StoreListing | undefined {
  const [head, ...rest] = lines.map(parseLine);
  if (head?.version !== 1 || head.lines !== rest.length) return undefined;
  const { metadata } = head;
  if (metadata !== 'fake_super' && metadata !== 'plain') return undefined;
  const jobs: (ListedJob & { readonly snapshots: ListedSnapshot[] })[] = [];
  for (const line of rest) {
    const job = parseJob(line);
    const snapshot = parseSnapshot(line);
    if (job !== undefined) jobs.push({ ...job, snapshots: [] });
    else if (snapshot !== undefined && jobs.length > 0) jobs.at(-1)?.snapshots.push(snapshot);
    else return undefined;
  }
  return { metadata, jobs };
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const data: unknown = JSON.parse(line);
    return typeof data === 'object' && data !== null && !Array.isArray(data)
      ? (data as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function parseJob(value: Record<string, unknown> | undefined): Omit<ListedJob, 'snapshots'> | undefined {
  if (typeof value?.job !== 'string' || !isName(value.job) || !Array.isArray(value.problems)) return undefined;
  const problems = (value.problems as unknown[]).filter((each) => typeof each === 'string').map(plainText);
  return { job: value.job, omitted: count(value.omitted) ?? 0, problems };
}

function parseSnapshot(value: Record<string, unknown> | undefined): ListedSnapshot | undefined {
  if (typeof value?.id !== 'string' || typeof value.sealed !== 'boolean') return undefined;
  const id = parseSnapshotId(value.id);
  if (id === undefined) return undefined;
  const { pinned } = value;
  return {
    ...{ id, sealed: value.sealed, finished: time(value.finished), received: time(value.received) },
    verification: verifyModes.find((mode) => mode === value.verification) ?? null,
    ...{ files: count(value.files), bytes: count(value.bytes) },
    ...{ manifest: time(value.manifest), damaged: count(value.damaged) },
    pinned: pinOf(pinned),
  };
}

function pinOf(value: unknown): ListedSnapshot['pinned'] {
  if (typeof value !== 'object' || value === null) return null;
  const { why, until } = value as Record<string, unknown>;
  if (typeof why !== 'string') return null;
  return { why: plainText(why), until: typeof until === 'string' && isDay(until) ? until : null };
}

// Terminals obey control characters.
function plainText(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

function time(value: unknown): string | null {
  return isTime(value) ? value : null;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
