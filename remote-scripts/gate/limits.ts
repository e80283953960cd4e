import { snapshotTime, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatDuration, formatSize } from '../../src/shared/units.ts';
import type { GateLimits } from '../config/settings.ts';
import type { Attempt } from '../store/ledger.ts';

const DAY = 86_400_000;

/** What is known when a push asks to be let in. */
export interface PushFacts {
  readonly id: SnapshotId;
  /** The gate's clock. */
  readonly now: Date;
  /** Every id in the job's directory, whatever its state. */
  readonly present: Iterable<SnapshotId>;
  /** Attempts of this job from the ledger. */
  readonly attempts: readonly Attempt[];
  readonly freeBytes: number;
  /** Undefined on a file system that does not count inodes (btrfs). */
  readonly freeInodes: number | undefined;
}

/**
 * Whether a push is within the host's limits.
 * @returns the reason of a refusal, or undefined if it may begin
 */
export function overLimit(facts: PushFacts, limits: GateLimits): string | undefined {
  return wrongId(facts, limits) ?? tooOften(facts, limits) ?? tooFull(facts, limits);
}

function wrongId({ id, now, present, attempts }: PushFacts, limits: GateLimits): string | undefined {
  const ids = [...present];
  if (ids.includes(id)) return `snapshot ${id} exists already`;
  const ahead = (other: SnapshotId) => snapshotTime(other).getTime() - now.getTime();
  // An id further ahead was accepted while this clock was wrong. It must not block every push until then.
  const highest = [...ids, ...attempts.map((attempt) => attempt.id)]
    .filter((other) => ahead(other) <= limits.clockSkewMs)
    .reduce<string>((a, b) => (b > a ? b : a), '');
  if (id <= highest) return `ids must increase: ${id} is not above ${highest}`;
  const skew = ahead(id);
  // An id names a whole second, so it may be up to one second earlier than the time it was made.
  if (skew > limits.clockSkewMs || -skew > limits.clockSkewMs + 1000) {
    const direction = skew > 0 ? 'ahead of' : 'behind';
    return `clock skew: ${id} is ${formatDuration(Math.abs(skew))} ${direction} this machine (allowed: ${formatDuration(limits.clockSkewMs)})`;
  }
  return undefined;
}

function tooOften({ now, attempts }: PushFacts, limits: GateLimits): string | undefined {
  // Attempts in the future were recorded while this clock was wrong. They do not count.
  const ages = attempts.map(({ time }) => now.getTime() - time.getTime()).filter((age) => age >= 0);
  const youngest = Math.min(...ages);
  if (youngest < limits.minIntervalMs) {
    return `too soon: the last attempt began ${formatDuration(youngest)} ago (min_interval: ${formatDuration(limits.minIntervalMs)})`;
  }
  const today = ages.filter((age) => age < DAY).length;
  if (today >= limits.attemptsPerDay) {
    return `too often: ${today} attempts in the last 24 hours (attempts_per_day: ${limits.attemptsPerDay})`;
  }
  return undefined;
}

/**
 * Whether less is free than the host's floors.
 * @returns the reason, or undefined
 */
export function tooFull(
  { freeBytes, freeInodes }: Pick<PushFacts, 'freeBytes' | 'freeInodes'>,
  limits: Pick<GateLimits, 'minFreeSpace' | 'minFreeInodes'>,
): string | undefined {
  if (freeBytes < limits.minFreeSpace) {
    return `no space: ${formatSize(freeBytes)} free (min_free_space: ${formatSize(limits.minFreeSpace)})`;
  }
  if (freeInodes !== undefined && freeInodes < limits.minFreeInodes) {
    return `no space: ${freeInodes} inodes free (min_free_inodes: ${limits.minFreeInodes})`;
  }
  return undefined;
}
