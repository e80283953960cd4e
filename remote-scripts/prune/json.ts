import type { CarriedOut } from './carry-out.ts';
import type { Drill } from '../store/drill-record.ts';
import type { DrillStanding } from './drills.ts';
import type { JobFault } from './faults.ts';
import type { Freed } from './freed.ts';
import { releaseMark, removalsOf, type JobPlan } from './plan.ts';
import { judge, type HostStatus } from './report.ts';
import type { SimulatedJob } from './simulate.ts';

/** A plan for programs. Times are ISO 8601 in UTC, durations milliseconds, sizes bytes. */
export function planData(plan: JobPlan, freed: Freed | undefined) {
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
    pins: plan.pins,
    released: plan.released,
    release: releaseMark(plan) ?? null,
    removes: removalsOf(plan),
    ...(freed ? { frees: freed } : {}),
  };
}

/** A run of prune, or a dry one, for programs. */
export function runData(
  host: string,
  now: Date,
  plans: readonly (readonly [JobPlan, Freed])[],
  faults: readonly JobFault[],
  done: CarriedOut | undefined,
) {
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

/** The state of hosts for programs. */
export function statusData(hosts: readonly HostStatus[], now: Date) {
  return {
    version: 1,
    at: now.toISOString(),
    hosts: hosts.map(({ host, plans, faults, lastRun, space, fullIn }) => ({
      host,
      lastPrune: lastRun?.toISOString() ?? null,
      faults: faults.map(faultData),
      space: { ...space, freeInodes: space.freeInodes ?? null },
      fullIn: fullIn ?? null,
      jobs: plans.map((plan) => ({
        job: plan.job,
        ...judge(plan),
        lastSealed: plan.newest?.id ?? null,
        received: plan.newest ? timeOf(plan.newest.received) : null,
        bytes: plan.newest?.bytes ?? null,
        snapshots: plan.decisions.length,
        quarantined: plan.decisions.filter(({ action }) => action === 'quarantine').map(({ snapshot }) => snapshot.id),
        holds: plan.holds,
        pins: plan.pins,
        stored: plan.stored?.bytes ?? null,
        damage: damageData(plan.damage),
        drill: drillData(plan.drills),
        scrub: scrubData(plan.scrubbed),
        freshness: plan.freshness
          ? {
              state: plan.freshness.state,
              lastDue: timeOf(plan.freshness.lastDue),
              nextDue: timeOf(plan.freshness.nextDue),
              deadline: timeOf(plan.freshness.deadline),
              overdueBy: plan.freshness.overdueBy,
            }
          : null,
      })),
    })),
  };
}

function damageData({ entries, omitted, unknown }: JobPlan['damage']) {
  const files = entries.map(({ name, kind, snapshots, foundAt, lastGood }) => {
    return { name, kind, snapshots, foundAt, lastGood };
  });
  return { files, omitted, unknown: unknown ?? null };
}

function scrubData({ ranAt, finishedAt, done }: JobPlan['scrubbed']) {
  return { ranAt: ranAt ?? null, finishedAt: finishedAt ?? null, done: done ?? null };
}

/** A simulation for programs; `days` is null if nothing says how often snapshots arrive. */
export function simulationData(host: string, jobs: readonly SimulatedJob[]) {
  return {
    version: 1,
    host,
    jobs: jobs.map(({ job, course, days }) => ({ job, arrivals: course ?? null, days: course ? days : null })),
  };
}

/** How the drills of a job stand: the last with the newest snapshot, and those that failed. */
function drillData({ last, failed, overdueBy, expected }: DrillStanding) {
  const dated = (drill: Drill) => ({ ...drill, started: drill.started.toISOString() });
  return { expected, last: last ? dated(last) : null, failed: failed.map(dated), overdueBy: overdueBy ?? null };
}

/** A job that could not be examined, and so is in no list of jobs. */
function faultData({ job, reason }: JobFault) {
  return { job, reason };
}

function timeOf(time: Date): string | null {
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
