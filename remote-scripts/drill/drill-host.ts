import type { Log } from '../../src/platform/logger.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { HostSettings, JobSettings } from '../config/settings.ts';
import { unknownName } from '../program/names.ts';
import { addDrill, readDrills, type Drill } from '../store/drill-record.ts';
import { drillLock, takeLock } from '../store/locks.ts';
import { jobPaths, type HostPlaces } from '../store/places.ts';
import { StoreRefusal } from '../store/refusal.ts';
import { chooseSnapshots, isDue, type Chosen } from './choose.ts';
import { drillSnapshot, type DrillDeps } from './drill-snapshot.ts';

/** What was asked for. */
export interface DrillRequest {
  readonly host: HostSettings;
  readonly places: HostPlaces;
  /** Only this job, and now; default: every job that is due. */
  readonly job: string | undefined;
  /** Only this snapshot, and now. */
  readonly snapshot: SnapshotId | undefined;
  /** The sealed snapshots of each job that are not in quarantine; a job that could not be examined is missing. */
  readonly snapshots: ReadonlyMap<string, readonly SnapshotId[]>;
}

/** A drill and the job that it belongs to. */
export interface JobDrill {
  readonly job: string;
  readonly drill: Drill;
}

/** What a check without a section `drill` is made with, when somebody asks for it. */
const ON_REQUEST = { everyMs: 0, checks: 'auto', command: undefined, timeoutMs: 6 * 3_600_000 } as const;

/**
 * Makes the drills that are due, or that were asked for, and records each at once.
 * @param onDrill called after each
 * @returns undefined when another drill of this host is running
 * @throws StoreRefusal when there is no such job or snapshot
 */
export async function drillHost(
  request: DrillRequest,
  deps: DrillDeps & { readonly log: Log },
  onDrill: (drill: JobDrill) => void,
): Promise<JobDrill[] | undefined> {
  const lock = await takeLock(drillLock(request.places));
  if (lock === undefined) return undefined;
  try {
    const made: JobDrill[] = [];
    for (const job of jobsOf(request)) {
      const { snapshots, drill: record } = jobPaths(request.places, job.name);
      const settings = job.drill ?? ON_REQUEST;
      for (const chosen of chosenOf(request, job, await readDrills(record), deps)) {
        const drill = await drillSnapshot(chosen, settings, { snapshots, scratch: request.places.drillScratch }, deps);
        if (drill === undefined) {
          deps.log('info', `${job.name}/${chosen.id} was removed meanwhile`);
          continue;
        }
        await addDrill(record, drill);
        made.push({ job: job.name, drill });
        onDrill({ job: job.name, drill });
      }
    }
    return made;
  } finally {
    await lock.release();
  }
}

function jobsOf({ host, job: only, snapshot, snapshots }: DrillRequest): JobSettings[] {
  if (only === undefined) {
    const holding = [...host.jobs.values()].filter(
      ({ name, drill }) =>
        drill !== undefined && (snapshot === undefined || snapshots.get(name)?.includes(snapshot) === true),
    );
    if (snapshot !== undefined && holding.length === 0) throw noSnapshot(snapshot, host.name);
    return holding;
  }
  const job = host.jobs.get(only);
  if (job === undefined) {
    throw unknownName('job', only, [...host.jobs.keys()], `of ${host.name} in the settings`);
  }
  if (snapshot !== undefined && snapshots.get(only)?.includes(snapshot) !== true) {
    throw noSnapshot(snapshot, `${host.name}/${only}`);
  }
  return [job];
}

function noSnapshot(id: SnapshotId, subject: string): StoreRefusal {
  return new StoreRefusal(
    `${subject} has no sealed snapshot ${id} (offsite-prune ${subject.split('/')[0] ?? ''} --dry-run lists them)`,
  );
}

function chosenOf(request: DrillRequest, job: JobSettings, drills: readonly Drill[], { clock }: DrillDeps): Chosen[] {
  const ids = request.snapshots.get(job.name) ?? [];
  if (request.snapshot !== undefined) {
    const newest = ids.every((id) => id <= (request.snapshot ?? ''));
    return [{ id: request.snapshot, which: newest ? 'newest' : 'old' }];
  }
  const due = request.job !== undefined || isDue(drills, job.drill?.everyMs ?? 0, clock.now());
  return due ? chooseSnapshots(ids, drills) : [];
}
