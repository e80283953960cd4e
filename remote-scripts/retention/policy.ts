import { BUCKETS, BUCKET_KINDS, type BucketKind } from './buckets.ts';
import { formatDuration } from '../../src/shared/units.ts';

const DAY = 86_400_000;

/** Milliseconds for which a policy has to withstand somebody who pushes rubbish as fast as the gate allows. */
export const LEAST_REACH = DAY;

/** What is kept. A snapshot that any rule keeps is kept; what no rule keeps is removed. */
export interface RetentionPolicy extends Readonly<Record<BucketKind, number>> {
  /** How many of the newest are kept, whatever the other rules say; at least 1. */
  readonly last: number;
  /**
   * Milliseconds: everything that arrived within this time before the newest is kept. It counts from the newest and not
   * from now, so that a set that gets no more additions does not age away.
   */
  readonly within: number;
  /** Milliseconds after its arrival, by our clock, during which no snapshot is removed: time to notice a mistake. */
  readonly minAge: number;
}

/** What a decision needs besides the policy; all of it is the secondary's own configuration. */
export interface RetentionSetting {
  /** IANA time zone in which buckets begin and end. */
  readonly timezone: string;
  /** Milliseconds by which the name of a snapshot may be ahead of its arrival, and its arrival ahead of now. */
  readonly clockSkew: number;
  /**
   * Milliseconds by which the name may be before the arrival: the longest time that an attempt can take from start to
   * seal.
   */
  readonly longestAttempt: number;
}

/**
 * What makes a policy invalid, in words; empty when it is valid. A policy that keeps nothing would delete every backup,
 * so an empty one is refused instead of being given a meaning.
 */
export function policyProblems(policy: RetentionPolicy): string[] {
  const problems: string[] = [];
  for (const key of ['last', ...BUCKET_KINDS] as const) {
    if (!Number.isSafeInteger(policy[key]) || policy[key] < 0) problems.push(`${key} is not a count: ${policy[key]}`);
  }
  for (const key of ['within', 'minAge'] as const) {
    if (Number.isNaN(policy[key]) || policy[key] < 0) problems.push(`${key} is not a duration: ${policy[key]}`);
  }
  if (policy.last < 1) problems.push('last is less than 1: the newest snapshot would not be safe');
  if (policy.last < 1 && isEmpty(policy)) problems.push('the policy is empty: it would keep nothing');
  return problems;
}

/** Whether a policy keeps only what `last` says. */
export function isEmpty(policy: Omit<RetentionPolicy, 'last' | 'minAge'>): boolean {
  return policy.within === 0 && BUCKET_KINDS.every((kind) => policy[kind] === 0);
}

/**
 * Milliseconds for which a policy does not drop everything that it keeps now, however many snapshots arrive and however
 * fast: `within`, or one bucket less than it counts, since the current one may end at once. `last` does not count,
 * because as many pushes of rubbish use it up. Nor does `min_age`, which keeps what is new, not what is good.
 */
export function guaranteedReach(policy: RetentionPolicy): number {
  return Math.max(policy.within, ...BUCKET_KINDS.map((kind) => Math.max(0, policy[kind] - 1) * BUCKETS[kind].least));
}

/** A policy in one line for people: `last 7, within 30 d, daily 14`. */
export function describePolicy(policy: RetentionPolicy): string {
  const parts = [`last ${policy.last}`];
  if (policy.within > 0) parts.push(`within ${formatDuration(policy.within)}`);
  for (const kind of BUCKET_KINDS) if (policy[kind] > 0) parts.push(`${kind} ${policy[kind]}`);
  if (policy.minAge > 0) parts.push(`min_age ${formatDuration(policy.minAge)}`);
  return parts.join(', ');
}
