import type { SnapshotId } from '../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;

/** Days for which it is remembered what is usual: long enough for what happens once a quarter. */
const REMEMBERED_DAYS = 400;

/** Measured snapshots, and days since the first of them, before anything counts as unusual. */
const TELLING = { snapshots: 7, days: 42 };

/** Days after which what came only once no longer counts as usual. Monthly dumps have come twice by then. */
const SETTLED_DAYS = 80;

/** Days closer to each other than this are one occasion. */
const OCCASION_DAYS = 3;

/** How many times the usual share is unusual. */
const FACTOR = 3;

/** Snapshots before one with whose sizes it is compared, to tell growth from rewriting. */
const COMPARED = 7;

/** What was found on the disk about one snapshot. */
export interface Measure {
  readonly id: SnapshotId;
  readonly received: Date;
  /** Bytes on the disk of all its files. */
  readonly total: number;
  /** Bytes of those files that it does not share with the snapshot that arrived before it. */
  readonly fresh: number;
}

/** A snapshot in which far more was rewritten than is usual. */
export interface Outlier {
  readonly id: SnapshotId;
  readonly received: Date;
  /** Share from 0 to 1 of what there was before. */
  readonly share: number;
  /** The share that was usual before it. */
  readonly usual: number;
}

/** What is remembered of one day, for all snapshots that arrived on it. */
export interface ChurnDay {
  /** The largest share that was rewritten and is not unusual. */
  readonly share: number;
  /** Bytes that they do not share with those before them, all together. */
  readonly fresh: number;
}

/** What is known about how much of a job is rewritten from one snapshot to the next. */
export interface Churn {
  /** Arrival of the first and of the last snapshot that was measured. */
  readonly since: Date;
  readonly until: Date;
  /** How many were measured. */
  readonly measured: number;
  /** Sizes of the last ones, oldest first. */
  readonly totals: readonly number[];
  /** By UTC day, as days since the epoch. */
  readonly days: ReadonlyMap<number, ChurnDay>;
  /** What nobody has released yet. */
  readonly outliers: readonly Outlier[];
}

/**
 * Adds a snapshot to what is known. Pure.
 * @param before undefined for the first
 * @param limit share from 0 to 1; what is not above it is never unusual
 */
export function learnChurn(before: Churn | undefined, measure: Measure, limit: number): Churn {
  const { id, received, total, fresh } = measure;
  if (!before) {
    return { since: received, until: received, measured: 1, totals: [total], days: new Map(), outliers: [] };
  }
  const share = rewrittenShare(measure, before.totals);
  const usual = usualShare(before, received);
  const unusual = usual !== undefined && share > limit && share > usual * FACTOR;
  return {
    ...before,
    until: received,
    measured: before.measured + 1,
    totals: [...before.totals, total].slice(-COMPARED),
    // Nothing is learnt from what is unusual. Otherwise the second time would count as usual.
    days: withDay(before.days, received, { share: unusual ? 0 : share, fresh }),
    outliers: unusual ? [...before.outliers, { id, received, share, usual }] : before.outliers,
  };
}

/** Learns from outliers that somebody has looked at and released. Pure. */
export function acceptOutliers(churn: Churn, released: readonly Outlier[]): Churn {
  const isReleased = ({ id }: Outlier) => released.some((one) => one.id === id);
  return {
    ...churn,
    days: churn.outliers
      .filter(isReleased)
      .reduce((days, { received, share }) => withDay(days, received, { share, fresh: 0 }), churn.days),
    outliers: churn.outliers.filter((outlier) => !isReleased(outlier)),
  };
}

/**
 * The share of what there was before that was rewritten: what is new, less what the whole has grown by. The largest of
 * several sizes before it counts, and not the last: a tiny snapshot in between must not make all the rest look like growth.
 */
function rewrittenShare({ total, fresh }: Measure, totals: readonly number[]): number {
  const before = Math.max(0, ...totals);
  if (before === 0) return 0;
  return Math.min(1, Math.max(0, fresh - Math.max(0, total - before)) / before);
}

/**
 * The most that is rewritten in the usual course of a job, its weekly and monthly dumps included; undefined while too
 * little is known.
 */
function usualShare({ since, measured, days }: Churn, at: Date): number | undefined {
  const span = (at.getTime() - since.getTime()) / DAY;
  if (measured < TELLING.snapshots || span < TELLING.days) return undefined;
  const most = largest(days, () => true);
  if (span < SETTLED_DAYS || !most) return most?.share;
  return (largest(days, (day) => Math.abs(day - most.day) >= OCCASION_DAYS) ?? most).share;
}

function largest(days: Churn['days'], counts: (day: number) => boolean): { day: number; share: number } | undefined {
  let most: { day: number; share: number } | undefined;
  for (const [day, { share }] of days) if (counts(day) && share > (most?.share ?? -1)) most = { day, share };
  return most;
}

function withDay(days: Churn['days'], time: Date, more: ChurnDay): Churn['days'] {
  const today = Math.floor(time.getTime() / DAY);
  const known = days.get(today) ?? { share: 0, fresh: 0 };
  const after = new Map(days);
  after.set(today, { share: Math.max(known.share, more.share), fresh: known.fresh + more.fresh });
  for (const day of days.keys()) if (day <= today - REMEMBERED_DAYS) after.delete(day);
  return after;
}
