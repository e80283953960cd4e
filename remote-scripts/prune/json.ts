import type { Schedule } from '../../src/shared/schedule.ts';
import { timeOf } from '../program/json-text.ts';
import { drillData } from '../store/drill-record.ts';
import type { Pin } from '../store/pins.ts';
import type { CarriedOut } from './carry-out.ts';
import type { JobFault } from './faults.ts';
import type { Freed } from './freed.ts';
import type {
  HostStanding,
  JobFaultData,
  JobPinsData,
  JobStanding,
  PinData,
  PlannedJob,
  PruneOutputs,
  PruneReport,
  SimulationReport,
  StandingReport,
} from './outputs.ts';
import type { JobPins } from './pins.ts';
import { releaseMark, removalsOf, type JobPlan } from './plan.ts';
import { judge, type HostStatus } from './report.ts';
import type { SimulatedJob } from './simulate.ts';

/** A run of prune, or a dry one, for programs. */
export function runData(
  host: string,
  now: Date,
  plans: readonly (readonly [JobPlan, Freed])[],
  faults: readonly JobFault[],
  done: CarriedOut | undefined,
): PruneReport {
  return {
    version: 1,
    host,
    at: now.toISOString(),
    dryRun: done === undefined,
    jobs: plans.map(([plan, freed]) => planData(plan, freed)),
    faults: faults.map(faultData),
    ...(done ? { done: { ...done, removed: Object.fromEntries(done.removed) } } : {}),
  };
}

function planData(plan: JobPlan, frees: Freed): PlannedJob {
  return {
    job: plan.job,
    policy: plan.policy,
    snapshots: plan.decisions.map(({ snapshot, action, reasons }) => ({
      id: snapshot.id,
      action,
      reasons,
      received: timeOf(snapshot.received),
      receivedBy: snapshot.receivedBy,
      bytes: snapshot.bytes,
      files: snapshot.files,
    })),
    leftovers: plan.leftovers.map(({ leftover, action, reason }) => ({
      name: leftover.name,
      kind: leftover.kind,
      since: timeOf(leftover.since),
      action,
      reason,
    })),
    oddities: plan.oddities,
    holds: plan.holds,
    pins: pinsData(plan.pins),
    released: plan.released,
    release: releaseMark(plan) ?? null,
    removes: removalsOf(plan),
    frees,
  };
}

/** The state of hosts for programs. */
export function statusData(hosts: readonly HostStatus[], now: Date): StandingReport {
  return { version: 1, at: now.toISOString(), hosts: hosts.map(hostData) };
}

/** The same with what a check adds. */
export function checkData(
  hosts: readonly HostStatus[],
  now: Date,
  silences: readonly string[],
): PruneOutputs['offsite-prune check --json'] {
  return { ...statusData(hosts, now), silences };
}

function hostData({ host, plans, faults, lastRun, space, fullIn }: HostStatus): HostStanding {
  return {
    host,
    lastPrune: timeOf(lastRun),
    faults: faults.map(faultData),
    space: { ...space, freeInodes: space.freeInodes ?? null },
    fullIn: fullIn ?? null,
    jobs: plans.map(jobData),
  };
}

function jobData(plan: JobPlan): JobStanding {
  const { newest, freshness, damage, drills, scrubbed } = plan;
  return {
    job: plan.job,
    ...judge(plan),
    lastSealed: newest?.id ?? null,
    received: timeOf(newest?.received),
    bytes: newest?.bytes ?? null,
    snapshots: plan.decisions.length,
    quarantined: plan.decisions.filter(({ action }) => action === 'quarantine').map(({ snapshot }) => snapshot.id),
    holds: plan.holds,
    pins: pinsData(plan.pins),
    stored: plan.stored?.bytes ?? null,
    damage: {
      files: damage.entries.map(({ inode, ...file }) => file),
      omitted: damage.omitted,
      unknown: damage.unknown ?? null,
    },
    drill: {
      expected: drills.expected,
      last: drills.last ? drillData(drills.last) : null,
      failed: drills.failed.map(drillData),
      overdueBy: drills.overdueBy ?? null,
    },
    scrub: { ranAt: timeOf(scrubbed.ranAt), finishedAt: timeOf(scrubbed.finishedAt), done: scrubbed.done ?? null },
    freshness: freshness
      ? {
          state: freshness.state,
          lastDue: timeOf(freshness.lastDue),
          nextDue: timeOf(freshness.nextDue),
          deadline: timeOf(freshness.deadline),
          overdueBy: freshness.overdueBy,
        }
      : null,
  };
}

/** A simulation for programs. */
export function simulationData(host: string, jobs: readonly SimulatedJob[]): SimulationReport {
  return { version: 1, host, jobs: jobs.map(simulatedData) };
}

function simulatedData({ job, course, days }: SimulatedJob): SimulationReport['jobs'][number] {
  if (course === undefined) return { job, arrivals: null, days: null };
  return {
    job,
    arrivals: course.by === 'usual' ? course : { by: course.by, ...scheduleData(course.schedule) },
    days: days.map(({ at, oldest, ...day }) => ({ at: at.toISOString(), ...day, oldest: oldest ?? null })),
  };
}

function scheduleData({ schedule, timezone }: Schedule): Schedule {
  return { schedule, timezone };
}

function pinsData({ holding, ended, lost }: JobPins): JobPinsData {
  return { holding: holding.map(pinData), ended: ended.map(pinData), lost: lost.map(pinData) };
}

function pinData({ id, why, until, since }: Pin): PinData {
  return { id, why, until: until ?? null, since: timeOf(since) };
}

function faultData({ job, reason }: JobFault): JobFaultData {
  return { job, reason };
}
