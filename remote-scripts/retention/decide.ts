import { policyProblems, type RetentionPolicy, type RetentionSetting } from './policy.ts';
import { rulesOf, type Rule } from './rules.ts';
import { snapshotTime, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatDuration } from '../../src/shared/units.ts';

/** One sealed snapshot. Unsealed ones take no part in retention. */
export interface SealedSnapshot {
  readonly id: SnapshotId;
  /** When its seal arrived, by the secondary's own clock. Never the sender's claim. */
  readonly received: Date;
}

/** The decision on one snapshot, with every reason in words. */
export interface Decision<S extends SealedSnapshot = SealedSnapshot> {
  readonly snapshot: S;
  /** `quarantine`: it is kept, counts nowhere, and somebody must look at it. */
  readonly action: 'keep' | 'remove' | 'quarantine';
  /** Why; for a removal, why no rule keeps it. */
  readonly reasons: readonly string[];
}

/**
 * Decides which snapshots of one job stay. Pure. Order and repetition of its input make no difference, and the decision
 * is the same again once the removals are carried out.
 * @param snapshots all sealed snapshots of the job
 * @param policy what to keep
 * @param setting time zone, and which names can be honest
 * @param now the present
 * @param running ids of attempts that may still be written; what they may link to is kept
 * @param pins snapshots that an administrator has ordered to be kept, with the reason in words. The others are judged as
 * if these were not there, so a pinned one takes no place from another: whatever would be kept without pins is kept
 * @returns one decision for each id, oldest arrival first
 * @throws RangeError when the policy is invalid (empty, or its numbers are not counts)
 */
export function decideRetention<S extends SealedSnapshot>(
  snapshots: readonly S[],
  policy: RetentionPolicy,
  setting: RetentionSetting,
  now: Date,
  running: readonly SnapshotId[] = [],
  pins: ReadonlyMap<SnapshotId, string> = NO_PINS,
): Decision<S>[] {
  const problems = policyProblems(policy);
  if (problems.length > 0) throw new RangeError(`This retention policy is refused: ${problems.join('; ')}.`);

  const { honest, quarantined } = setAside([...snapshots].sort(compareArrival), setting, now);
  const judged = pins.size === 0 ? honest : honest.filter(({ id }) => !pins.has(id));
  const rules = rulesOf({ honest: judged, policy, setting, now, running });
  const decided = judged.map((snapshot, index): Decision<S> => new Judgement(snapshot, rules, index));
  if (quarantined.length + pins.size === 0) return decided;
  const pinOf = ({ id }: S) => [pins.get(id) ?? []].flat();
  const pinned = honest
    .filter(({ id }) => pins.has(id))
    .map((snapshot): Decision<S> => ({ snapshot, action: 'keep', reasons: pinOf(snapshot) }));
  const doubtful = quarantined.map((decision) => ({
    ...decision,
    reasons: [...decision.reasons, ...pinOf(decision.snapshot)],
  }));
  return [...decided, ...pinned, ...doubtful].sort((a, b) => compareArrival(a.snapshot, b.snapshot));
}

const NO_PINS: ReadonlyMap<SnapshotId, string> = new Map();

/**
 * What the rules say about one snapshot. The reasons are put into words only on demand: of thousands, few are ever
 * read.
 */
class Judgement<S extends SealedSnapshot> implements Decision<S> {
  readonly snapshot: S;
  readonly action: 'keep' | 'remove';
  readonly #rules: readonly Rule[];
  readonly #index: number;

  constructor(snapshot: S, rules: readonly Rule[], index: number) {
    this.snapshot = snapshot;
    this.action = rules.some((rule) => rule.keeps(index)) ? 'keep' : 'remove';
    this.#rules = rules;
    this.#index = index;
  }

  get reasons(): readonly string[] {
    const speaking = this.action === 'keep' ? this.#rules.filter((rule) => rule.keeps(this.#index)) : this.#rules;
    return speaking.map((rule) => rule.why(this.#index)).filter((why) => why !== '');
  }

  toJSON(): Decision<S> {
    return { snapshot: this.snapshot, action: this.action, reasons: this.reasons };
  }
}

function compareArrival(a: SealedSnapshot, b: SealedSnapshot): number {
  return a.received.getTime() - b.received.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * Sets aside snapshots whose name or arrival cannot be honest. If an id is listed several times, the first entry counts
 * for all.
 */
function setAside<S extends SealedSnapshot>(sorted: readonly S[], setting: RetentionSetting, now: Date) {
  const firsts = new Map<SnapshotId, S>();
  const disputed = new Set<SnapshotId>();
  for (const snapshot of sorted) {
    const first = firsts.get(snapshot.id);
    if (!first) firsts.set(snapshot.id, snapshot);
    else if (first.received.getTime() !== snapshot.received.getTime()) disputed.add(snapshot.id);
  }
  const honest: S[] = [];
  const quarantined: Decision<S>[] = [];
  for (const snapshot of firsts.values()) {
    const reasons = suspicions(snapshot, disputed.has(snapshot.id), setting, now);
    if (reasons.length === 0) honest.push(snapshot);
    else quarantined.push({ snapshot, action: 'quarantine', reasons });
  }
  return { honest, quarantined };
}

function suspicions({ id, received }: SealedSnapshot, disputed: boolean, setting: RetentionSetting, now: Date) {
  const reasons: string[] = [];
  const arrival = received.getTime();
  const ahead = snapshotTime(id).getTime() - arrival;
  if (Number.isNaN(ahead)) return ['the time of its arrival is not known'];
  if (disputed) reasons.push('it is listed with different times of arrival');
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
    reasons.push(`it arrived ${formatDuration(future)} in the future: this machine's clock is or was wrong`);
  }
  return reasons;
}
