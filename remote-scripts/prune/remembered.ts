import { parseTime } from '../../src/shared/iso-time.ts';
import { parseSnapshotId } from '../../src/shared/snapshot-id.ts';
import type { Churn, ChurnDay, Outlier } from '../retention/churn.ts';
import type { Arrivals } from './arrivals.ts';
import type { FreeSpace, SpaceDays } from './space.ts';
import type { Stored } from './stored.ts';

/** What is remembered of arrivals, as it was read; undefined if it cannot be used. */
export function parseArrivals(value: unknown): Arrivals | undefined {
  if (!isRecord(value)) return undefined;
  const [since, until] = [parseTime(value.since), parseTime(value.until)];
  if (!since || !until || !Array.isArray(value.days)) return undefined;
  const days = new Map<number, number>();
  for (const [day, count] of rowsOf(value.days)) if (isCount(day) && isCount(count)) days.set(day, count);
  return { since, until, days, accepted: parseTime(value.accepted) };
}

/** What is known about rewriting, as it is written: one short row for each day. */
export function writtenChurn({ days, ...known }: Churn): object {
  return { ...known, days: [...days].map(([day, { share, fresh }]) => [day, Number(share.toFixed(5)), fresh]) };
}

/** What {@link writtenChurn} has made, as it was read; undefined if it cannot be used. */
export function parseChurn(value: unknown): Churn | undefined {
  if (!isRecord(value)) return undefined;
  const [since, until] = [parseTime(value.since), parseTime(value.until)];
  const { measured, totals, outliers } = value;
  if (!since || !until || !isCount(measured) || !Array.isArray(totals) || !Array.isArray(outliers)) return undefined;
  const days = new Map<number, ChurnDay>();
  for (const [day, share, fresh] of rowsOf(value.days)) {
    if (isCount(day) && isShare(share) && isCount(fresh)) days.set(day, { share, fresh });
  }
  return {
    ...{ since, until, measured, days },
    totals: (totals as unknown[]).filter(isCount),
    outliers: (outliers as unknown[]).flatMap((outlier) => parseOutlier(outlier) ?? []),
  };
}

function parseOutlier(value: unknown): Outlier | undefined {
  if (!isRecord(value) || typeof value.id !== 'string') return undefined;
  const [id, received, { share, usual }] = [parseSnapshotId(value.id), parseTime(value.received), value];
  return id && received && isShare(share) && isShare(usual) ? { id, received, share, usual } : undefined;
}

/** How much a job takes, as it was read; undefined if it cannot be used. */
export function parseStored(value: unknown): Stored | undefined {
  if (!isRecord(value)) return undefined;
  const [at, { bytes }] = [parseTime(value.at), value];
  return at && isCount(bytes) ? { at, bytes } : undefined;
}

/** What was free, as it is written: one short row for each day. */
export function writtenSpace(days: SpaceDays): unknown[] {
  return [...days].map(([day, { freeBytes, freeInodes }]) => [day, freeBytes, freeInodes ?? null]);
}

/** What {@link writtenSpace} has made, as it was read. */
export function parseSpace(value: unknown): SpaceDays {
  const days = new Map<number, FreeSpace>();
  for (const [day, freeBytes, inodes] of rowsOf(value)) {
    const freeInodes = isCount(inodes) ? inodes : undefined;
    if (isCount(day) && isCount(freeBytes)) days.set(day, { freeBytes, freeInodes });
  }
  return days;
}

function rowsOf(value: unknown): unknown[][] {
  return Array.isArray(value) ? (value as unknown[]).filter((row) => Array.isArray(row)) : [];
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
