import type { HostSettings, JobSettings, SecondarySettings } from '../config/settings.ts';
import { surveyChurn, type Measuring } from './churn.ts';
import { readScrubbed } from './scrubbed.ts';
import { surveyStored } from './stored.ts';
import type { Space } from './space.ts';
import { freeSpace } from '../store/job-directory.ts';
import { surveyDamage } from './damage.ts';
import { faultOf, type JobFault } from './faults.ts';
import { readInventory } from './inventory.ts';
import type { Memory } from './memory.ts';
import { checkHostRoot } from './places.ts';
import { readDrills } from '../store/drill-record.ts';
import { hostPlaces, jobPaths, type HostPlaces } from '../store/places.ts';
import { ownDirectory } from '../store/own-directory.ts';
import { planJob, type JobPlan } from './plan.ts';
import { exists } from '../../src/platform/files.ts';
import { SELFTEST_JOB } from '../../src/shared/names.ts';
import { acceptedIds } from '../store/spool.ts';
import { readPins } from '../store/pins.ts';

/** One host as it is now, with what prune would do to each of its jobs. */
export interface Survey {
  readonly host: HostSettings;
  readonly places: HostPlaces;
  readonly plans: readonly JobPlan[];
  /** What was tried out with `doctor` and `selftest`: only attempts without a seal, which go as all of them do. Nobody needs to see it. */
  readonly trials: JobPlan | undefined;
  /** Jobs without a plan, because they could not be examined. */
  readonly faults: readonly JobFault[];
  readonly now: Date;
  /** What was known before. */
  readonly memory: Memory;
  readonly space: Space;
}

/** What a survey needs. */
export interface SurveyInput {
  readonly settings: SecondarySettings;
  readonly host: HostSettings;
  readonly uid: number;
  readonly memory: Memory;
  readonly now: Date;
  /** How to measure new snapshots; without it none is. */
  readonly measuring?: Measuring | undefined;
}

/**
 * Examines every job of a host and makes plans; changes nothing there. A job that cannot be examined becomes a fault.
 * @throws StoreRefusal when a directory of the host is not what it has to be
 */
export async function surveyHost({ settings, host, uid, memory, now, measuring }: SurveyInput): Promise<Survey> {
  const places = hostPlaces(settings, host.name);
  const { device } = await checkHostRoot(settings, places, uid);
  const look = async (job: JobSettings): Promise<JobPlan> => {
    const paths = jobPaths(places, job.name);
    const directory = paths.snapshots;
    if (await exists(directory)) await ownDirectory(directory, uid);
    const inventory = await readInventory(directory, { secondary: host.secondary, uid, device });
    const accepted = await acceptedIds(paths);
    const pins = await readPins(paths.pins);
    const churn = await surveyChurn({
      ...{ inventory, before: memory.churn.get(job.name), limit: job.hold.churn, now },
      ...{ scratch: places.scratch, measuring },
    });
    const drills = await readDrills(paths.drill);
    return planJob(inventory, job, {
      host,
      timezone: settings.timezone,
      now,
      previousRun: memory.lastRun,
      arrivals: memory.arrivals.get(job.name),
      accepted,
      pins,
      churn,
      damage: await surveyDamage(paths, inventory.snapshots, memory.damage.get(job.name)),
      scrubbed: await readScrubbed(paths),
      stored: await surveyStored(inventory, memory.stored.get(job.name), now, measuring),
      drills,
    });
  };
  const plans: JobPlan[] = [];
  const faults: JobFault[] = [];
  for (const job of host.jobs.values()) {
    try {
      plans.push(await look(job));
    } catch (error) {
      faults.push(faultOf(job.name, error));
    }
  }
  const trials = await lookAtTrials(host, places, look).catch((error: unknown) => {
    faults.push(faultOf(SELFTEST_JOB, error));
    return undefined;
  });
  return { host, places, plans, trials, faults, now, memory, space: await freeSpace(places.root) };
}

async function lookAtTrials(
  { jobs }: HostSettings,
  places: HostPlaces,
  look: (job: JobSettings) => Promise<JobPlan>,
): Promise<JobPlan | undefined> {
  const [any] = jobs.values();
  if (any === undefined || !(await exists(jobPaths(places, SELFTEST_JOB).snapshots))) return undefined;
  const { retention, hold, scrub } = any;
  return look({ name: SELFTEST_JOB, retention, hold, scrub });
}
