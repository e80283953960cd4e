import { setImmediate } from 'node:timers/promises';
import { courseOf, simulateRemovals } from '../../retention/simulation.ts';
import type { SnapshotId } from '../../../src/shared/snapshot-id.ts';
import type { HostSettings } from '../../config/settings.ts';
import { pinsAt } from '../pins.ts';
import { settingOf, type JobPlan } from '../plan.ts';

/** Days that the page looks ahead. */
const AHEAD = 400;

/** What the policy will do with a job, if snapshots keep arriving as they do. */
export interface Outlook {
  /** When each of the snapshots that are there will go, if within {@link AHEAD} days. */
  readonly goes: ReadonlyMap<SnapshotId, Date>;
  /** How many snapshots there will be at the end of each day. */
  readonly held: readonly { readonly at: Date; readonly value: number }[];
}

/**
 * Plays the policy forward, without holds.
 * @returns undefined if nothing says how often snapshots arrive, or somebody has ended the program
 */
export async function lookAhead(
  host: HostSettings,
  { job, policy, decisions, pins }: JobPlan,
  {
    timezone,
    now,
    signal,
  }: { readonly timezone: string; readonly now: Date; readonly signal?: AbortSignal | undefined },
): Promise<Outlook | undefined> {
  const simulation = {
    ...{ policy, now, days: AHEAD, limits: host.gate, schedule: host.jobs.get(job)?.expect },
    snapshots: decisions.map(({ snapshot }) => snapshot),
    setting: settingOf(host, timezone),
    pinsAt: (time: Date) => pinsAt(pins.holding, time, timezone),
  };
  const course = courseOf(simulation);
  if (!course) return undefined;
  const present = new Set(simulation.snapshots.map(({ id }) => id));
  const goes = new Map<SnapshotId, Date>();
  const held: { at: Date; value: number }[] = [];
  for (const { day, gone } of simulateRemovals(simulation, course)) {
    for (const id of gone) if (present.has(id)) goes.set(id, day.at);
    held.push({ at: day.at, value: day.held });
    await setImmediate(); // lets signals be handled
    if (signal?.aborted) return undefined;
  }
  return { goes, held };
}
