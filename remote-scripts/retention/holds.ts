import type { Outlier } from './churn.ts';
import type { Decision, SealedSnapshot } from './decide.ts';
import { findFlood, type Rhythm } from './flood.ts';
import { assessFreshness, type Expectation } from '../../src/shared/schedule.ts';
import { formatCount, formatDuration, formatSize } from '../../src/shared/units.ts';

const DAY = 86_400_000;

/** Number of snapshots before the newest one with which its size is compared. */
const COMPARED = 7;

/** Number of usual intervals without a snapshot after which a set without a schedule counts as stale. */
const MISSED_INTERVALS = 3;

/** Milliseconds that the clock may be behind the last run before it counts as set back. */
const CLOCK_TOLERANCE = 300_000;

/** A sealed snapshot with the size that its seal states. */
export interface SizedSnapshot extends SealedSnapshot {
  /** Total size of its files in bytes. */
  readonly bytes: number;
}

/** When to stop; from the secondary's configuration. */
export interface HoldLimits {
  /** Share from 0 to 1 by which the newest may be smaller than those before it. */
  readonly shrink: number;
  /** Removals that one plan may contain. */
  readonly maxRemovals: number;
  /** Snapshots that may arrive beyond the expected ones, in the time of seven. */
  readonly maxExtra: number;
  /** Share from 0 to 1 of what there was before that may be rewritten, however unusual that is. */
  readonly churn: number;
}

/**
 * The kinds of hold: what to do, and how each ends. `release`: an administrator who has looked at the plan can end it
 * too. `itself`: it ends only when the cause is gone, because to overrule it would mean thinning out a set that gets no
 * more additions, or deleting by a clock that cannot be right.
 */
export const HOLDS = {
  shrink: {
    ends: 'release',
    advice:
      'Look at the newest snapshot. If the data really shrank, raise hold.shrink or wait: the hold ends when there are as many small snapshots as large ones.',
  },
  removals: {
    ends: 'release',
    advice:
      'Look at what arrived and at the plan. If somebody pushed rubbish, move that away first. If the plan is right, it can be carried out once, without changing hold.max_removals.',
  },
  flood: {
    ends: 'release',
    advice:
      'Somebody may be pushing rubbish so that good snapshots are displaced: look at who pushed what (gate.log, and offsite-rsync history on the primary). If they are yours, release them; if as many will keep arriving, change expect.schedule or raise hold.max_extra.',
  },
  churn: {
    ends: 'release',
    advice:
      'Somebody may be encrypting the primary: look at it, and at what is new in that snapshot, before anything else. Older snapshots are as they were. If the change was yours, release it; if such changes will come often, raise hold.churn.',
  },
  damage: {
    ends: 'release',
    advice:
      'Look at the disk (smartctl, the kernel log), and at all that is damaged (offsite-scrub HOST --list). An older snapshot may have the only whole copy of such a file: save that first, or pin it. Released, this damage holds nothing any more.',
  },
  stale: {
    ends: 'itself',
    advice: 'Find out why no snapshot arrives. Nothing is removed until one does.',
  },
  clock: {
    ends: 'itself',
    advice: 'Check the clock of this machine (timedatectl). Nothing is removed while the clock cannot be right.',
  },
  pins: {
    ends: 'itself',
    advice:
      'Look at the file and repair it, or move it away and pin the snapshots again (offsite-prune pin). Nothing is removed while it is not known what is pinned.',
  },
} as const satisfies Readonly<Record<string, { readonly ends: 'release' | 'itself'; readonly advice: string }>>;

/** A reason to delete nothing of a job for now. */
export interface Hold {
  readonly kind: keyof typeof HOLDS;
  /** What looks wrong, in words. */
  readonly reason: string;
}

/** What a hold is judged by, besides the plan. */
export interface HoldContext {
  readonly limits: HoldLimits;
  readonly now: Date;
  /** When a snapshot is due; without it, the usual interval between snapshots is used. */
  readonly expectation?: Expectation;
  /** The clock at the last run of prune. */
  readonly previousRun?: Date;
  /** How often snapshots are expected; without it, nothing counts as a flood. */
  readonly rhythm?: Rhythm;
  /** Up to this arrival, an administrator has accepted the snapshots, however many there are. */
  readonly acceptedUntil?: Date;
  /** Snapshots in which far more was rewritten than is usual, and which nobody has released. */
  readonly outliers?: readonly Outlier[];
  /** Why it is not known which snapshots are pinned. */
  readonly pinsDamage?: string;
  /** Stored files that are damaged, in words, unless somebody has released them. */
  readonly damage?: string;
}

/**
 * Whether a plan must not be carried out, because something looks wrong. Pure.
 * @param decisions of one job, oldest arrival first, as `decideRetention` returns them
 * @returns every hold; empty when the plan may go ahead
 */
export function checkHolds(decisions: readonly Decision<SizedSnapshot>[], context: HoldContext): Hold[] {
  const honest = decisions.filter(({ action }) => action !== 'quarantine').map(({ snapshot }) => snapshot);
  return [
    ...shrinkHold(honest, context.limits),
    ...removalsHold(decisions, context.limits),
    ...floodHold(honest, context),
    ...churnHold(context),
    ...damageHold(context),
    ...staleHold(honest, context),
    ...clockHold(decisions, context),
    ...pinsHold(context),
  ];
}

// Compared with the median of several, not just with the one before: a day later that one is small too, and the hold
// would end by itself before anybody has seen it. Nor with the largest ever: data that really shrank must not cause a
// hold for good.
function shrinkHold(honest: readonly SizedSnapshot[], { shrink }: HoldLimits): Hold[] {
  const newest = honest.at(-1);
  const before = honest.slice(-1 - COMPARED, -1).map(({ bytes }) => bytes);
  if (!newest || before.length === 0) return [];
  const usual = median(before);
  if (newest.bytes >= usual * (1 - shrink)) return [];
  const share = Math.round((1 - newest.bytes / usual) * 100);
  return [
    {
      kind: 'shrink',
      reason: `the newest snapshot (${newest.id}) holds ${formatSize(newest.bytes)}, ${share}% less than usual (${formatSize(usual)}); ${Math.round(shrink * 100)}% is allowed`,
    },
  ];
}

function removalsHold(decisions: readonly Decision[], { maxRemovals }: HoldLimits): Hold[] {
  const removals = decisions.filter(({ action }) => action === 'remove').length;
  if (removals <= maxRemovals) return [];
  return [
    {
      kind: 'removals',
      reason: `the plan would remove ${formatCount(removals, 'snapshot')} of ${decisions.length}; ${maxRemovals} are allowed`,
    },
  ];
}

// Counted over all snapshots, not only those of the last days. Nothing is removed during a hold, so it does not end by
// itself when the attacker has pushed enough and waits.
function floodHold(honest: readonly SizedSnapshot[], { rhythm, acceptedUntil, limits }: HoldContext): Hold[] {
  if (!rhythm) return [];
  const arrivals = acceptedUntil
    ? honest.filter(({ received }) => received.getTime() > acceptedUntil.getTime())
    : honest;
  const flood = findFlood(
    arrivals.map(({ received }) => received.getTime()),
    rhythm,
    limits.maxExtra,
  );
  if (!flood) return [];
  const [first, last] = [arrivals[flood.first]?.id ?? '', arrivals[flood.last]?.id ?? ''];
  return [
    {
      kind: 'flood',
      reason: `${formatCount(flood.arrived, 'snapshot')} arrived within ${formatDuration(flood.span)} (${first} to ${last}), where ${flood.expected} were expected ${rhythm.by}; ${limits.maxExtra} more are allowed`,
    },
  ];
}

// It does not end with the next ordinary snapshot: that is what comes after everything was encrypted.
function churnHold({ outliers = [], limits }: HoldContext): Hold[] {
  const [first, ...others] = outliers.filter(({ share }) => share > limits.churn);
  if (!first) return [];
  const more = others.length === 0 ? '' : `; and ${formatCount(others.length, 'later snapshot')} like it`;
  return [
    {
      kind: 'churn',
      reason: `${percent(first.share)} of what there was before ${first.id} was rewritten in it, where at most ${percent(first.usual)} is usual; ${percent(limits.churn)} is allowed${more}`,
    },
  ];
}

function percent(share: number): string {
  return `${share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)}%`;
}

function damageHold({ damage }: HoldContext): Hold[] {
  return damage === undefined ? [] : [{ kind: 'damage', reason: damage }];
}

function staleHold(honest: readonly SizedSnapshot[], { expectation, now }: HoldContext): Hold[] {
  const newest = honest.at(-1)?.received;
  if (!newest) return [];
  const age = now.getTime() - newest.getTime();
  if (expectation) {
    const { state, overdueBy } = assessFreshness(expectation, newest, now);
    if (state !== 'overdue') return [];
    return [
      {
        kind: 'stale',
        reason: `a snapshot is overdue by ${formatDuration(overdueBy)}; the newest arrived ${formatDuration(age)} ago`,
      },
    ];
  }
  const usual = usualInterval(honest);
  const limit = Math.max(2 * DAY, MISSED_INTERVALS * (usual ?? 0));
  if (age <= limit) return [];
  const known = usual === undefined ? '' : `, and they used to arrive every ${formatDuration(usual)}`;
  return [{ kind: 'stale', reason: `the newest snapshot arrived ${formatDuration(age)} ago${known}` }];
}

function clockHold(decisions: readonly Decision[], { now, previousRun }: HoldContext): Hold[] {
  const holds: Hold[] = [];
  const back = previousRun ? previousRun.getTime() - now.getTime() : 0;
  if (back > CLOCK_TOLERANCE) {
    holds.push({ kind: 'clock', reason: `the clock is ${formatDuration(back)} behind the last run of prune` });
  }
  const arrivals = decisions.map(({ snapshot }) => snapshot.received.getTime()).filter((time) => !Number.isNaN(time));
  const newest = arrivals.reduce((latest, time) => Math.max(latest, time), -Infinity);
  const ahead = newest - now.getTime();
  if (ahead > CLOCK_TOLERANCE) {
    holds.push({
      kind: 'clock',
      reason: `a snapshot arrived ${formatDuration(ahead)} later than the time that the clock shows now`,
    });
  }
  return holds;
}

function pinsHold({ pinsDamage }: HoldContext): Hold[] {
  if (pinsDamage === undefined) return [];
  return [{ kind: 'pins', reason: `it is not known which snapshots are pinned: ${pinsDamage}` }];
}

/** The usual time between the newest snapshots of a set, in milliseconds; undefined for fewer than two. */
export function usualInterval(oldestFirst: readonly SealedSnapshot[]): number | undefined {
  const times = oldestFirst.slice(-1 - COMPARED).map(({ received }) => received.getTime());
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return gaps.length === 0 ? undefined : median(gaps);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
