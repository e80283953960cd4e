import { createHash } from 'node:crypto';
import { scheduleRhythm } from '../retention/flood.ts';
import { checkHolds, HOLDS, type Hold } from '../retention/holds.ts';
import type { Churn } from '../retention/churn.ts';
import type { RetentionPolicy, RetentionSetting } from '../retention/policy.ts';
import { decideRetention, type Decision } from '../retention/decide.ts';
import { assessFreshness, type Freshness } from '../../src/shared/schedule.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatDuration } from '../../src/shared/units.ts';
import type { HostSettings, JobSettings } from '../config/settings.ts';
import { lastFinding, unreleasedDamage, type StoredDamage } from './damage.ts';
import { usualRhythm, type Arrivals } from './arrivals.ts';
import type { Pins } from '../store/pins.ts';
import type { Scrubbed } from './scrubbed.ts';
import type { Stored } from './stored.ts';
import { pinsAt, sortPins, type JobPins } from './pins.ts';
import type { Drill } from '../store/drill-record.ts';
import { assessDrills, type DrillStanding } from './drills.ts';
import type { Inventory, Leftover, Oddity, StoredSnapshot } from './inventory.ts';

/** What becomes of a leftover. */
export interface LeftoverDecision {
  readonly leftover: Leftover;
  readonly action: 'keep' | 'remove';
  readonly reason: string;
}

/** What is to be done in one job, and why. */
export interface JobPlan {
  readonly job: string;
  readonly directory: string;
  readonly policy: RetentionPolicy;
  readonly decisions: readonly Decision<StoredSnapshot>[];
  readonly leftovers: readonly LeftoverDecision[];
  readonly oddities: readonly Oddity[];
  /** If there is any, no snapshot is removed. */
  readonly holds: readonly Hold[];
  /** Holds that an administrator has overruled for this run. */
  readonly released: readonly Hold[];
  /** Undefined if the job has no schedule. */
  readonly freshness: Freshness | undefined;
  /** The newest snapshot that is not quarantined. */
  readonly newest: StoredSnapshot | undefined;
  readonly pins: JobPins;
  /** How much is rewritten from one snapshot to the next; undefined if nothing was ever measured. */
  readonly churn: Churn | undefined;
  /** Undefined if it was never measured. */
  readonly stored: Stored | undefined;
  readonly damage: StoredDamage;
  readonly drills: DrillStanding;
  readonly scrubbed: Scrubbed;
}

/** What a plan depends on besides the directory. */
export interface PlanContext {
  readonly host: HostSettings;
  readonly timezone: string;
  readonly now: Date;
  readonly previousRun: Date | undefined;
  /** What is remembered of the arrivals of this job. */
  readonly arrivals: Arrivals | undefined;
  /** Ids whose seal the gate has accepted but not yet placed: they are complete, and not leftovers. */
  readonly accepted: ReadonlySet<SnapshotId>;
  readonly pins: Pins;
  /** What is known about how much is rewritten. */
  readonly churn: Churn | undefined;
  readonly stored: Stored | undefined;
  readonly damage: StoredDamage;
  /** The last drill of each snapshot. */
  readonly drills: readonly Drill[];
  readonly scrubbed: Scrubbed;
}

/**
 * The sessions of one attempt, one after the other, from the push on; what comes before it has no longer than the clock skew, because the
 * gate compares the name with its clock when the push begins. A seal has two minutes. What it leaves is enough for the sessions that look
 * for times which this file system cannot hold: they compare a handful of placeholders.
 */
const SESSIONS = ['push', 'comparison of everything', 'comparison of what was pushed', 'canary', 'seal'] as const;

/** Leftovers that are of no use without their snapshot. */
const BELONGS_TO_SNAPSHOT: ReadonlySet<Leftover['kind']> = new Set(['seal', 'manifest']);

/** Decides what is to be done in one job. Pure. */
export function planJob(inventory: Inventory, job: JobSettings, context: PlanContext): JobPlan {
  const { host, timezone, now, previousRun, arrivals } = context;
  const policy = job.retention;
  const setting = settingOf(host, timezone);
  const expectation = job.expect;
  const attempts = inventory.leftovers.flatMap(({ kind, id, since }) =>
    id !== undefined && !BELONGS_TO_SNAPSHOT.has(kind) && age(since, now) < host.incompleteLifetimeMs ? [id] : [],
  );
  const { pins, damage } = context.pins;
  const unreleased = unreleasedDamage(context.damage);
  const decisions = decideRetention(inventory.snapshots, policy, setting, now, attempts, pinsAt(pins, now, timezone));
  const newest = decisions.findLast(({ action }) => action !== 'quarantine')?.snapshot;
  const rhythm = expectation ? scheduleRhythm(expectation, now) : arrivals && usualRhythm(arrivals, now);
  const holds = checkHolds(decisions, {
    limits: job.hold,
    now,
    ...(expectation ? { expectation } : {}),
    ...(previousRun ? { previousRun } : {}),
    ...(rhythm ? { rhythm } : {}),
    ...(arrivals?.accepted ? { acceptedUntil: arrivals.accepted } : {}),
    outliers: context.churn?.outliers ?? [],
    ...(damage === undefined ? {} : { pinsDamage: damage }),
    ...(unreleased === undefined ? {} : { damage: unreleased }),
  });
  const clockIsWrong = holds.some(({ kind }) => kind === 'clock');
  return {
    job: job.name,
    directory: inventory.directory,
    policy,
    decisions,
    leftovers: inventory.leftovers.map((leftover) => decideLeftover(leftover, context, clockIsWrong)),
    oddities: inventory.oddities,
    holds,
    released: [],
    freshness: expectation ? assessFreshness(expectation, newest?.received, now) : undefined,
    newest,
    churn: context.churn,
    stored: context.stored,
    damage: context.damage,
    scrubbed: context.scrubbed,
    pins: sortPins(pins, new Set(inventory.snapshots.map(({ id }) => id)), now, timezone),
    drills: assessDrills(
      job.drill,
      context.drills,
      inventory.snapshots.map(({ id }) => id),
      now,
    ),
  };
}

/** The names in the job's directory that a plan removes. Snapshots go with their seals. */
export function removalsOf(plan: JobPlan): { readonly snapshots: SnapshotId[]; readonly leftovers: string[] } {
  const snapshots =
    plan.holds.length > 0
      ? []
      : plan.decisions.filter(({ action }) => action === 'remove').map(({ snapshot }) => snapshot.id);
  const leftovers = plan.leftovers.filter(({ action }) => action === 'remove').map(({ leftover }) => leftover.name);
  return { snapshots, leftovers };
}

/**
 * The mark of a plan on hold, for `--release`, so that only the plan that somebody has looked at is carried out. It
 * changes with what would be removed, with what has arrived, and with the reason of the hold.
 * @returns undefined if there is no hold, or one that only ends by itself
 */
export function releaseMark({ job, decisions, holds, newest, damage }: JobPlan): string | undefined {
  if (holds.length === 0 || holds.some(({ kind }) => HOLDS[kind].ends !== 'release')) return undefined;
  const removed = decisions.filter(({ action }) => action === 'remove').map(({ snapshot }) => snapshot.id);
  const found = holds.some(({ kind }) => kind === 'damage') ? [lastFinding(damage)] : [];
  const seen = JSON.stringify([removed, newest?.id, holds.map(({ kind }) => kind), ...found]);
  return `${job}:${createHash('sha256').update(seen).digest('hex').slice(0, 8)}`;
}

/** A plan whose holds have been overruled. */
export function releasePlan(plan: JobPlan): JobPlan {
  return { ...plan, holds: [], released: plan.holds };
}

/** Which names can be honest, given what the gate lets in. */
export function settingOf({ gate }: HostSettings, timezone: string): RetentionSetting {
  return {
    timezone,
    clockSkew: gate.clockSkewMs,
    // Each session ends after its limit.
    longestAttempt: gate.clockSkewMs + SESSIONS.length * gate.sessionLimitMs,
  };
}

// Leftovers are removed even if the job is on hold: they may be what fills the disk and keeps new snapshots out.
function decideLeftover(leftover: Leftover, context: PlanContext, clockIsWrong: boolean): LeftoverDecision {
  const lifetime = context.host.incompleteLifetimeMs;
  const lifespan = age(leftover.since, context.now);
  const lived = `it appeared ${formatDuration(lifespan)} ago`;
  const decide = (action: 'keep' | 'remove', reason: string): LeftoverDecision => ({ leftover, action, reason });
  if (BELONGS_TO_SNAPSHOT.has(leftover.kind)) {
    return decide('remove', `a ${leftover.kind} without its snapshot: prune was interrupted`);
  }
  if (leftover.id !== undefined && context.accepted.has(leftover.id)) {
    return decide('keep', 'its seal has been accepted: the gate completes it in its next session');
  }
  if (clockIsWrong) return decide('keep', 'the clock cannot be right, so its age is not known');
  if (lifespan < lifetime) return decide('keep', `${lived}; its lifetime is ${formatDuration(lifetime)}`);
  return decide('remove', `${lived}, and its lifetime of ${formatDuration(lifetime)} is over`);
}

function age(since: Date, now: Date): number {
  return now.getTime() - since.getTime();
}
