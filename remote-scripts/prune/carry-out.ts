import { join } from 'node:path';
import type { Clock } from '../../src/platform/clock.ts';
import type { KernelLock } from '../../src/platform/kernel-lock.ts';
import { errorMessage } from '../../src/platform/files.ts';
import type { Log } from '../../src/platform/logger.ts';
import type { RunProcess } from '../../src/platform/process.ts';
import { sealName } from '../../src/shared/seal.ts';
import { manifestName } from '../../src/shared/entry-names.ts';
import { formatCount, formatDuration } from '../../src/shared/units.ts';
import { emptyTrash, type TrashProgress } from './empty-trash.ts';
import { mountWithin, readMountPoints } from './places.ts';
import { removalsOf, type JobPlan } from './plan.ts';
import { oldSpool, removeOldSpool } from '../store/spool.ts';
import { jobLock, takeLock } from '../store/locks.ts';
import { jobPaths } from '../store/places.ts';
import type { Survey } from './survey.ts';
import { syncDirectory } from '../store/syncing.ts';
import { moveToTrash, prepareTrash, type Trash } from '../store/trash.ts';

/** Milliseconds that prune waits for a session that is writing to a job. If it takes longer, the job is left for the next run. */
export const LOCK_WAIT = 20_000;

/** What carrying out plans needs. */
export interface CarryOutDeps {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly log: Log;
  readonly uid: number;
  readonly lockWaitMs?: number;
  readonly onProgress?: (progress: TrashProgress) => void;
  readonly signal?: AbortSignal;
}

/** What a run has done. */
export interface CarriedOut {
  /** Snapshots and leftovers that were moved into the trash, by job. */
  readonly removed: ReadonlyMap<string, readonly string[]>;
  /** Jobs that a session kept locked. */
  readonly locked: readonly string[];
  /** Entries of the trash that were deleted, including those of earlier runs. */
  readonly deleted: number;
  /** What could not be done, in words. */
  readonly failures: readonly string[];
}

/**
 * Removes what the plans say, in two steps: renames into the trash, under each job's lock, and then the deletion,
 * without a lock. So a long deletion never keeps a push waiting.
 */
export async function carryOut(survey: Survey, deps: CarryOutDeps): Promise<CarriedOut> {
  const { places, plans, trials } = survey;
  const mountPoints = await readMountPoints();
  const removed = new Map<string, readonly string[]>();
  const locked: string[] = [];
  const failures: string[] = [];
  const trash = await prepareTrash(places.trash, deps.uid);
  for (const plan of [...plans, ...(trials === undefined ? [] : [trials])]) {
    if (deps.signal?.aborted) break;
    // If the spool of a job cannot be read, only that job fails. The others and the trash are still processed.
    const work = await hasWork(plan, survey).catch((error: unknown) => errorMessage(error));
    if (typeof work === 'string') {
      failures.push(`${plan.job}: ${work}`);
      continue;
    }
    if (!work) {
      removed.set(plan.job, []);
      continue;
    }
    const lock = await lockJob(plan.job, survey, deps).catch((error: unknown) => errorMessage(error));
    if (typeof lock === 'string') {
      failures.push(`${plan.job}: ${lock}`); // the others and the trash are still processed
      continue;
    }
    if (!lock) {
      locked.push(plan.job);
      deps.log('notice', `${plan.job}: a session is writing to it, so it is left for the next run`);
      continue;
    }
    try {
      const lifetime = survey.host.incompleteLifetimeMs;
      await removeOldSpool(jobPaths(places, plan.job), lifetime, survey.now);
      removed.set(plan.job, await moveAway(plan, trash, mountPoints, failures));
    } catch (error) {
      failures.push(`${plan.job}: ${errorMessage(error)}`);
    } finally {
      await lock.release();
    }
  }
  const start = deps.clock.monotonic();
  const emptied = await emptyTrash(places.trash, { ...deps, mountPoints });
  if (emptied.deleted > 0) {
    const took = formatDuration(deps.clock.monotonic() - start);
    deps.log('info', `${formatCount(emptied.deleted, 'entry', 'entries')} of the trash deleted in ${took}`);
  }
  for (const { name, reason } of emptied.failures) failures.push(`${join(places.trash, name)}: ${reason}`);
  return { removed, locked, deleted: emptied.deleted, failures };
}

async function lockJob(
  job: string,
  { host, places }: Survey,
  { lockWaitMs = LOCK_WAIT, signal }: CarryOutDeps,
): Promise<KernelLock | undefined> {
  return takeLock(jobLock(host.secondary, places, jobPaths(places, job)), {
    waitMs: lockWaitMs,
    ...(signal ? { signal } : {}),
  });
}

/** Whether anything has to be moved or removed. If not, no lock is needed, and prune does not wait for one. */
async function hasWork(plan: JobPlan, { places, host, now }: Survey): Promise<boolean> {
  const { snapshots, leftovers } = removalsOf(plan);
  if (snapshots.length + leftovers.length > 0) return true;
  return (await oldSpool(jobPaths(places, plan.job), host.incompleteLifetimeMs, now)).length > 0;
}

async function moveAway(
  plan: JobPlan,
  trash: Trash,
  mountPoints: readonly string[],
  failures: string[],
): Promise<string[]> {
  const { snapshots, leftovers } = removalsOf(plan);
  const moved: string[] = [];
  const move = async (name: string) => {
    const path = join(plan.directory, name);
    const mount = mountWithin(path, mountPoints);
    if (mount !== undefined) throw new Error(`${mount} is a mount point in it`);
    return moveToTrash(path, trash, `${plan.job}.${name}`);
  };
  // The snapshot first, then its manifest and its seal. If we die in between, these are left without a snapshot, and the next
  // run removes them. The other way round, a complete snapshot would be left that looks like a broken one.
  for (const names of [
    ...snapshots.map((id) => [id, manifestName(id), sealName(id)]),
    ...leftovers.map((name) => [name]),
  ]) {
    const [name = ''] = names;
    try {
      let gone = false;
      for (const part of names) gone = (await move(part)) || gone;
      if (gone) moved.push(name);
    } catch (error) {
      failures.push(`${join(plan.directory, name)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (moved.length > 0) await syncDirectory(plan.directory);
  return moved;
}
