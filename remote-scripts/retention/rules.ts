import { BUCKETS, BUCKET_KINDS, createBucketer, numberBuckets, type BucketKind } from './buckets.ts';
import type { RetentionPolicy, RetentionSetting } from './policy.ts';
import type { SealedSnapshot } from './decide.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatDuration } from '../../src/shared/units.ts';

/** One rule for the snapshots of a job, which are named by their index, oldest arrival first. */
export interface Rule {
  keeps(index: number): boolean;
  /** Why it keeps this snapshot, or why not; empty if the rule has nothing to say. */
  why(index: number): string;
}

/** What the rules depend on. */
export interface RuleInput {
  /** Oldest arrival first, without those in quarantine. */
  readonly honest: readonly SealedSnapshot[];
  readonly policy: RetentionPolicy;
  readonly setting: RetentionSetting;
  readonly now: Date;
  /** Ids of attempts that may still be written. */
  readonly running: readonly SnapshotId[];
}

/** The rules of a policy, in the order in which they give their reasons. */
export function rulesOf({ honest, policy, setting, now, running }: RuleInput): Rule[] {
  const times = honest.map(({ received }) => received.getTime());
  return [
    lastRule(honest.length, policy),
    ...withinRule(times, policy),
    ...bucketRules(honest, times, policy, setting),
    ...youngRule(times, policy, now),
    basisRule(honest, running),
  ];
}

function lastRule(total: number, policy: RetentionPolicy): Rule {
  const rank = (index: number) => total - index;
  return {
    keeps: (index) => rank(index) <= policy.last,
    why: (index) =>
      rank(index) <= policy.last
        ? `last ${rank(index)} of ${policy.last}`
        : `last: it is number ${rank(index)}, beyond the newest ${policy.last}`,
  };
}

function withinRule(times: readonly number[], { within }: RetentionPolicy): Rule[] {
  if (within === 0) return [];
  const newest = times.at(-1) ?? 0;
  const before = (index: number) => newest - (times[index] ?? newest);
  const keeps = (index: number) => before(index) <= within;
  const why = (index: number) => {
    const limit = formatDuration(within);
    const distance = before(index);
    const when = distance === 0 ? 'it is the newest' : `it arrived ${formatDuration(distance)} before the newest`;
    return keeps(index) ? `within ${limit}: ${when}` : `within: ${when}, beyond ${limit}`;
  };
  return [{ keeps, why }];
}

function bucketRules(
  honest: readonly SealedSnapshot[],
  times: readonly number[],
  policy: RetentionPolicy,
  { timezone }: RetentionSetting,
): Rule[] {
  const wanted = BUCKET_KINDS.filter((kind) => policy[kind] > 0);
  if (wanted.length === 0) return [];
  const bucketOf = createBucketer(timezone);
  const nameOf = (kind: BucketKind, { received }: SealedSnapshot) => bucketOf(kind, received);
  return numberBuckets(wanted, times, timezone).flatMap((numbers, index) => {
    const kind = wanted[index];
    return kind === undefined ? [] : [bucketRule(honest, kind, policy[kind], numbers, nameOf)];
  });
}

function bucketRule(
  honest: readonly SealedSnapshot[],
  kind: BucketKind,
  count: number,
  buckets: Float64Array,
  nameOf: (kind: BucketKind, snapshot: SealedSnapshot) => string,
): Rule {
  const { firstOf, rankOf } = rankBuckets(buckets);
  const rank = (index: number) => rankOf[index] ?? Infinity;
  const first = (index: number) => firstOf[index] ?? index;
  const { noun, plural } = BUCKETS[kind];
  return {
    keeps: (index) => first(index) === index && rank(index) <= count,
    why: (index) => {
      const snapshot = honest[index];
      const name = snapshot ? nameOf(kind, snapshot) : '';
      if (rank(index) > count)
        return `${kind}: ${name} lies beyond the newest ${count === 1 ? noun : `${count} ${plural}`}`;
      if (first(index) === index) return `${kind} ${rank(index)} of ${count}: ${name}`;
      return `${kind}: ${name} is held by ${honest[first(index)]?.id ?? ''}`;
    },
  };
}

/**
 * For each snapshot the index of the first in its bucket, and the rank of its bucket, 1 for the newest.
 *
 * The first one by arrival counts, because a later flood cannot displace it. It is never removed while its bucket
 * counts, so carrying out the removals changes no bucket.
 */
function rankBuckets(buckets: Float64Array): { firstOf: Int32Array; rankOf: Int32Array } {
  const firsts = new Map<number, number>();
  const firstOf = new Int32Array(buckets.length);
  const rankOf = new Int32Array(buckets.length);
  const positions = new Int32Array(buckets.length); // of the bucket whose first snapshot has this index
  for (let index = 0; index < buckets.length; index += 1) {
    const bucket = buckets[index] ?? 0;
    // Most snapshots follow one of the same bucket. Not all do: a day can come back when clocks are set back at
    // midnight.
    let first = index > 0 && buckets[index - 1] === bucket ? firstOf[index - 1] : firsts.get(bucket);
    if (first === undefined) {
      first = index;
      positions[index] = firsts.size;
      firsts.set(bucket, index);
    }
    firstOf[index] = first;
  }
  for (let index = 0; index < buckets.length; index += 1) {
    rankOf[index] = firsts.size - (positions[firstOf[index] ?? 0] ?? 0);
  }
  return { firstOf, rankOf };
}

function youngRule(times: readonly number[], { minAge }: RetentionPolicy, now: Date): Rule[] {
  if (minAge === 0) return [];
  const present = now.getTime();
  const age = (index: number) => present - (times[index] ?? 0);
  const keeps = (index: number) => age(index) < minAge;
  const why = (index: number) =>
    keeps(index) ? `min_age ${formatDuration(minAge)}: it arrived ${formatDuration(age(index))} ago` : '';
  return [{ keeps, why }];
}

// A running push uses the newest sealed snapshot before it as its basis. If that vanishes, rsync makes a full copy.
function basisRule(honest: readonly SealedSnapshot[], running: readonly SnapshotId[]): Rule {
  const bases = new Map<SnapshotId, SnapshotId>();
  for (const attempt of new Set(running)) {
    let basis: SnapshotId | undefined;
    for (const { id } of honest) if (id < attempt && (basis === undefined || id > basis)) basis = id;
    if (basis !== undefined) bases.set(basis, attempt);
  }
  const attempt = (index: number) => bases.get(honest[index]?.id ?? ('' as SnapshotId));
  return {
    keeps: (index) => bases.size > 0 && attempt(index) !== undefined,
    why: (index) => (attempt(index) === undefined ? '' : `basis of the unfinished attempt ${attempt(index) ?? ''}`),
  };
}
