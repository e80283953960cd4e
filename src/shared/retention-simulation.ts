import { usualInterval } from './retention-holds.ts';
import type { RetentionPolicy, RetentionSetting } from './retention-policy.ts';
import { decideRetention, type SealedSnapshot } from './retention.ts';
import { duesBetween, type Schedule } from './schedule.ts';
import { snapshotIdOf, type SnapshotId } from './snapshot-id.ts';

const DAY = 86_400_000;

/** What a policy holds at the end of one simulated day. */
export interface SimulatedDay {
  readonly at: Date;
  readonly arrived: number;
  readonly removed: number;
  readonly held: number;
  /** The oldest snapshot that is held; undefined when there is none. */
  readonly oldest: SnapshotId | undefined;
}

/** What to simulate. */
export interface Simulation {
  /** The sealed snapshots at the beginning. */
  readonly snapshots: readonly SealedSnapshot[];
  readonly policy: RetentionPolicy;
  readonly setting: RetentionSetting;
  /** When snapshots will arrive; without it, as often as the newest of those that are there. */
  readonly schedule?: Schedule | undefined;
  readonly now: Date;
  /** Days to look ahead; prune runs once on each. */
  readonly days: number;
}

/**
 * Plays a policy forward: what would be held on each day if snapshots keep arriving. Pure; holds are left out.
 * @returns one row a day, or undefined when neither a schedule nor two snapshots say how often snapshots arrive
 */
export function simulateRetention(simulation: Simulation): SimulatedDay[] | undefined {
  const { policy, setting, now, days } = simulation;
  const arrivals = futureArrivals(simulation);
  if (!arrivals) return undefined;
  const rows: SimulatedDay[] = [];
  let held: readonly SealedSnapshot[] = simulation.snapshots;
  let next = 0;
  for (let day = 1; day <= days; day += 1) {
    const at = new Date(now.getTime() + day * DAY);
    const before = next;
    while (next < arrivals.length && (arrivals[next]?.getTime() ?? Infinity) <= at.getTime()) next += 1;
    const arrived = arrivals.slice(before, next).map((received) => ({ id: snapshotIdOf(received), received }));
    const decisions = decideRetention([...held, ...arrived], policy, setting, at);
    held = decisions.filter(({ action }) => action !== 'remove').map(({ snapshot }) => snapshot);
    rows.push({
      at,
      arrived: arrived.length,
      removed: decisions.length - held.length,
      held: held.length,
      oldest: held[0]?.id,
    });
  }
  return rows;
}

function futureArrivals({ snapshots, schedule, now, days }: Simulation): Date[] | undefined {
  const end = new Date(now.getTime() + days * DAY);
  if (schedule) return duesBetween(schedule, now, end);
  const oldestFirst = [...snapshots].sort((a, b) => a.received.getTime() - b.received.getTime());
  const interval = usualInterval(oldestFirst);
  const newest = oldestFirst.at(-1)?.received.getTime();
  if (!interval || newest === undefined) return undefined;
  const arrivals: Date[] = [];
  for (let time = newest + interval; time <= end.getTime(); time += interval) {
    if (time > now.getTime()) arrivals.push(new Date(time));
  }
  return arrivals;
}
