import { usualInterval } from './holds.ts';
import type { RetentionPolicy, RetentionSetting } from './policy.ts';
import { decideRetention, type SealedSnapshot } from './decide.ts';
import { duesBetween, type Schedule } from '../../src/shared/schedule.ts';
import { snapshotIdOf, type SnapshotId } from '../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;

/** What a policy keeps at the end of one simulated day. */
export interface SimulatedDay {
  readonly at: Date;
  readonly arrived: number;
  /** Snapshots of the schedule that the gate would not let in. */
  readonly turnedAway: number;
  readonly removed: number;
  readonly held: number;
  /** The oldest snapshot that is kept; undefined if there is none. */
  readonly oldest: SnapshotId | undefined;
}

/** How often the gate lets snapshots of one job in. */
export interface ArrivalLimits {
  readonly attemptsPerDay: number;
  readonly minIntervalMs: number;
}

/** What to simulate. */
export interface Simulation {
  /** The sealed snapshots at the beginning. */
  readonly snapshots: readonly SealedSnapshot[];
  readonly policy: RetentionPolicy;
  readonly setting: RetentionSetting;
  /** When snapshots will arrive; without it, as often as the newest existing ones did. */
  readonly schedule?: Schedule | undefined;
  readonly limits: ArrivalLimits;
  readonly now: Date;
  /** Days to look ahead; prune runs once on each. */
  readonly days: number;
  /** The pins that hold at a time. */
  readonly pinsAt?: (time: Date) => ReadonlyMap<SnapshotId, string>;
}

/** Where the frequency of simulated snapshots comes from; intervals in milliseconds. */
export type Course =
  | { readonly by: 'schedule'; readonly schedule: Schedule }
  /** `seen`: the usual time between the newest snapshots; `simulated`: that, or the least that the gate allows. */
  | { readonly by: 'usual'; readonly seen: number; readonly simulated: number };

/**
 * How often snapshots arrive in a simulation.
 * @returns undefined when neither a schedule nor two snapshots say how often snapshots arrive
 */
export function courseOf({ snapshots, schedule, limits }: Simulation): Course | undefined {
  if (schedule) return { by: 'schedule', schedule };
  const seen = usualInterval(oldestFirst(snapshots));
  if (seen === undefined) return undefined;
  // A few by hand, seconds apart, do not mean 40,000 a day. The gate would not let those in.
  return { by: 'usual', seen, simulated: Math.max(seen, limits.minIntervalMs, DAY / limits.attemptsPerDay) };
}

/**
 * Plays a policy forward: what would be kept on each day if snapshots keep arriving. Pure; without holds. Each day is
 * computed on demand.
 */
export function* simulateRetention(simulation: Simulation, course: Course): Generator<SimulatedDay, void, undefined> {
  for (const { day } of simulateRemovals(simulation, course)) yield day;
}

/** As {@link simulateRetention}, with what goes on each day. */
export function* simulateRemovals(
  simulation: Simulation,
  course: Course,
): Generator<{ readonly day: SimulatedDay; readonly gone: readonly SnapshotId[] }, void, undefined> {
  const { policy, setting, now, days, limits } = simulation;
  let held: readonly SealedSnapshot[] = simulation.snapshots;
  let newest = held.reduce((latest, { received }) => Math.max(latest, received.getTime()), -Infinity);
  for (let day = 1; day <= days; day += 1) {
    const from = new Date(now.getTime() + (day - 1) * DAY);
    const at = new Date(from.getTime() + DAY);
    const due =
      course.by === 'schedule' ? duesBetween(course.schedule, from, at) : every(course.simulated, newest, from, at);
    const arrivals: Date[] = [];
    for (const time of due) {
      if (arrivals.length >= limits.attemptsPerDay || time.getTime() - newest < limits.minIntervalMs) continue;
      newest = time.getTime();
      arrivals.push(time);
    }
    const arrived = arrivals.map((received) => ({ id: snapshotIdOf(received), received }));
    const decisions = decideRetention([...held, ...arrived], policy, setting, at, [], simulation.pinsAt?.(at));
    held = decisions.filter(({ action }) => action !== 'remove').map(({ snapshot }) => snapshot);
    const result = {
      ...{ at, arrived: arrived.length, turnedAway: due.length - arrived.length },
      ...{ removed: decisions.length - held.length, held: held.length, oldest: held[0]?.id },
    };
    yield {
      day: result,
      gone: decisions.filter(({ action }) => action === 'remove').map(({ snapshot }) => snapshot.id),
    };
  }
}

/** Moments one interval apart, counted from the newest arrival, in a span of time. */
function every(interval: number, newest: number, from: Date, to: Date): Date[] {
  const passed = Math.max(0, Math.floor((from.getTime() - newest) / interval));
  const times: Date[] = [];
  for (let time = newest + (passed + 1) * interval; time <= to.getTime(); time += interval) times.push(new Date(time));
  return times;
}

function oldestFirst(snapshots: readonly SealedSnapshot[]): SealedSnapshot[] {
  return [...snapshots].sort((a, b) => a.received.getTime() - b.received.getTime());
}
