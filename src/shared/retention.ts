import { BUCKET_NOUNS, createBucketer } from './retention-buckets.ts';
import {
  BUCKET_KINDS,
  policyProblems,
  type BucketKind,
  type RetentionPolicy,
  type RetentionSetting,
} from './retention-policy.ts';
import { snapshotTime, type SnapshotId } from './snapshot-id.ts';
import { formatDuration } from './units.ts';

/** One sealed snapshot. Unsealed ones take no part in retention. */
export interface SealedSnapshot {
  readonly id: SnapshotId;
  /** When its seal arrived, by the secondary's own clock: never what the sender says. */
  readonly received: Date;
}

/** What is to become of one snapshot, with every reason in words. */
export interface Decision<S extends SealedSnapshot = SealedSnapshot> {
  readonly snapshot: S;
  /** `quarantine`: kept, takes part in nothing, and somebody must look. */
  readonly action: 'keep' | 'remove' | 'quarantine';
  /** Why; for a removal, what each rule says against keeping it. */
  readonly reasons: readonly string[];
}

/**
 * Decides which snapshots of one job stay. Pure: neither order nor repetition of its input makes a difference, and
 * what it decides stays decided once the removals are carried out.
 * @param snapshots all sealed snapshots of the job
 * @param policy what to keep
 * @param setting time zone and what counts as an honest name
 * @param now the present
 * @param running ids of attempts that may still be written: what they may link to is kept
 * @returns one decision for each id, oldest arrival first
 * @throws RangeError when the policy is unfit (empty, or no counts)
 */
export function decideRetention<S extends SealedSnapshot>(
  snapshots: readonly S[],
  policy: RetentionPolicy,
  setting: RetentionSetting,
  now: Date,
  running: readonly SnapshotId[] = [],
): Decision<S>[] {
  const problems = policyProblems(policy);
  if (problems.length > 0) throw new RangeError(`This retention policy is refused: ${problems.join('; ')}.`);

  const { honest, quarantined } = setAside(byArrival(snapshots), setting, now);
  const rules = [
    lastRule(honest, policy),
    ...withinRule(honest, policy),
    ...bucketRules(honest, policy, setting),
    ...youngRule(honest, policy, now),
    basisRule(honest, running),
  ];
  const decided = honest.map((snapshot, index): Decision<S> => {
    const keepers = rules.filter((rule) => rule.keeps(index));
    return keepers.length > 0
      ? { snapshot, action: 'keep', reasons: keepers.map((rule) => rule.why(index)) }
      : { snapshot, action: 'remove', reasons: rules.map((rule) => rule.why(index)).filter((why) => why !== '') };
  });
  return [...decided, ...quarantined].sort((a, b) => compareArrival(a.snapshot, b.snapshot));
}

/** One rule over the snapshots of a job, oldest arrival first; they go by their index. */
interface Rule {
  keeps(index: number): boolean;
  /** Why it keeps this snapshot, or why not; empty when the rule has nothing to say. */
  why(index: number): string;
}

function compareArrival(a: SealedSnapshot, b: SealedSnapshot): number {
  return a.received.getTime() - b.received.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Sorted by arrival; all mentions of one id together. */
function byArrival<S extends SealedSnapshot>(snapshots: readonly S[]): S[][] {
  const mentions = new Map<SnapshotId, S[]>();
  for (const snapshot of [...snapshots].sort(compareArrival)) {
    const others = mentions.get(snapshot.id);
    if (others) others.push(snapshot);
    else mentions.set(snapshot.id, [snapshot]);
  }
  return [...mentions.values()];
}

/** Takes out what has a name or an arrival that cannot be honest. */
function setAside<S extends SealedSnapshot>(groups: readonly (readonly S[])[], setting: RetentionSetting, now: Date) {
  const honest: S[] = [];
  const quarantined: Decision<S>[] = [];
  for (const group of groups) {
    const [snapshot] = group;
    if (!snapshot) continue;
    const reasons = suspicions(group, setting, now);
    if (reasons.length === 0) honest.push(snapshot);
    else quarantined.push({ snapshot, action: 'quarantine', reasons });
  }
  return { honest, quarantined };
}

function suspicions(group: readonly SealedSnapshot[], setting: RetentionSetting, now: Date): string[] {
  const reasons: string[] = [];
  const arrivals = group.map(({ received }) => received.getTime());
  const [arrival = Number.NaN] = arrivals;
  const [first] = group;
  const ahead = first ? snapshotTime(first.id).getTime() - arrival : Number.NaN;
  if (Number.isNaN(arrival) || Number.isNaN(ahead)) return ['its arrival is not known'];
  if (arrivals.some((time) => time !== arrival)) reasons.push('it is listed with different arrivals');
  if (ahead > setting.clockSkew) {
    reasons.push(`future-dated: its name is ${formatDuration(ahead)} ahead of its arrival`);
  }
  if (-ahead > setting.longestAttempt) {
    reasons.push(
      `backdated: its name is ${formatDuration(-ahead)} before its arrival, and no attempt takes longer than ${formatDuration(setting.longestAttempt)}`,
    );
  }
  const future = arrival - now.getTime();
  if (future > setting.clockSkew) {
    reasons.push(`it arrived ${formatDuration(future)} in the future: this machine's clock is wrong, or was`);
  }
  return reasons;
}

function lastRule(honest: readonly SealedSnapshot[], policy: RetentionPolicy): Rule {
  const rank = (index: number) => honest.length - index;
  return {
    keeps: (index) => rank(index) <= policy.last,
    why: (index) =>
      rank(index) <= policy.last
        ? `last ${rank(index)} of ${policy.last}`
        : `last: it is number ${rank(index)}, beyond the newest ${policy.last}`,
  };
}

function withinRule(honest: readonly SealedSnapshot[], { within }: RetentionPolicy): Rule[] {
  if (within === 0) return [];
  const newest = honest.at(-1)?.received.getTime() ?? 0;
  const before = honest.map(({ received }) => newest - received.getTime());
  const keeps = (index: number) => (before[index] ?? 0) <= within;
  const limit = formatDuration(within);
  const why = (index: number) => {
    const distance = before[index] ?? 0;
    const when = distance === 0 ? 'it is the newest' : `it arrived ${formatDuration(distance)} before the newest`;
    return keeps(index) ? `within ${limit}: ${when}` : `within: ${when}, beyond ${limit}`;
  };
  return [{ keeps, why }];
}

function bucketRules(
  honest: readonly SealedSnapshot[],
  policy: RetentionPolicy,
  { timezone }: RetentionSetting,
): Rule[] {
  const wanted = BUCKET_KINDS.filter((kind) => policy[kind] > 0);
  if (wanted.length === 0) return [];
  const bucketsOf = createBucketer(timezone);
  const buckets = honest.map(({ received }) => bucketsOf(received));
  return wanted.map((kind) =>
    bucketRule(
      honest,
      kind,
      policy[kind],
      buckets.map((names) => names[kind]),
    ),
  );
}

function bucketRule(
  honest: readonly SealedSnapshot[],
  kind: BucketKind,
  count: number,
  names: readonly string[],
): Rule {
  // The first of each bucket, in order of arrival: a flood that comes later cannot displace it, and since it is never
  // what is removed while its bucket counts, carrying out the removals changes no bucket.
  const firsts = new Map<string, number>();
  names.forEach((name, index) => {
    if (!firsts.has(name)) firsts.set(name, index);
  });
  const ranks = new Map([...firsts.keys()].map((name, position) => [name, firsts.size - position]));
  const rankOf = names.map((name) => ranks.get(name) ?? Infinity);
  const firstOf = names.map((name, index) => firsts.get(name) ?? index);
  const rank = (index: number) => rankOf[index] ?? Infinity;
  const first = (index: number) => firstOf[index] ?? index;
  const noun = BUCKET_NOUNS[kind];
  return {
    keeps: (index) => rank(index) <= count && first(index) === index,
    why: (index) => {
      const name = names[index] ?? '';
      if (rank(index) > count)
        return `${kind}: ${name} lies beyond the newest ${count === 1 ? noun : `${count} ${noun}s`}`;
      if (first(index) === index) return `${kind} ${rank(index)} of ${count}: ${name}`;
      return `${kind}: ${name} is held by ${honest[first(index)]?.id ?? ''}`;
    },
  };
}

function youngRule(honest: readonly SealedSnapshot[], { minAge }: RetentionPolicy, now: Date): Rule[] {
  if (minAge === 0) return [];
  const age = (index: number) => now.getTime() - (honest[index]?.received.getTime() ?? 0);
  const keeps = (index: number) => age(index) < minAge;
  const why = (index: number) =>
    keeps(index) ? `min_age ${formatDuration(minAge)}: it arrived ${formatDuration(age(index))} ago` : '';
  return [{ keeps, why }];
}

// A running push names the newest sealed snapshot before it as its basis; rsync copies in full if that vanishes.
function basisRule(honest: readonly SealedSnapshot[], running: readonly SnapshotId[]): Rule {
  const bases = new Map<SnapshotId, SnapshotId>();
  for (const attempt of new Set(running)) {
    let basis: SnapshotId | undefined;
    for (const { id } of honest) if (id < attempt && (basis === undefined || id > basis)) basis = id;
    if (basis !== undefined) bases.set(basis, attempt);
  }
  const attempt = (index: number) => bases.get(honest[index]?.id ?? ('' as SnapshotId));
  return {
    keeps: (index) => attempt(index) !== undefined,
    why: (index) => (attempt(index) === undefined ? '' : `basis of the unfinished attempt ${attempt(index) ?? ''}`),
  };
}
