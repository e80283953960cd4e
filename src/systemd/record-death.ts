import type { Settings } from '../config/settings.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import { appendHistory } from '../state/history.ts';
import { loadJobState, saveJobState, type JobState } from '../state/job-state.ts';
import { takeRunLock } from '../state/run-lock.ts';
import { errorMessage } from '../platform/files.ts';

/** How well a job is still protected after its run died; with several targets, the worst. */
export interface Protection {
  readonly notProtectedSince?: Date | undefined;
  readonly lastSealed?: SnapshotId | undefined;
  readonly failingSince?: Date | undefined;
  readonly failures?: number | undefined;
  readonly warnings?: readonly string[];
}

/** Whether a failed run has to be recorded here, or has recorded itself. */
export type Recording = 'record' | 'recorded';

/**
 * Records a run that could not record itself, so that the next success is reported as a recovery and the failures are counted. If
 * another run is already going on, that one keeps the state and nothing is written.
 * @param job undefined, or unknown to the configuration: there is nothing to record
 * @param recording `recorded`: the run has recorded itself, so only the standing of the job is read
 * @returns what the alert says about the job; never throws
 */
export async function recordDeath(
  settings: Settings,
  job: string | undefined,
  why: string,
  now: Date,
  recording: Recording = 'record',
): Promise<Protection> {
  const known = job === undefined ? undefined : settings.jobs.get(job);
  if (!known) return {};
  const states: JobState[] = [];
  try {
    for (const target of known.targets) {
      states.push(
        recording === 'record'
          ? await recordOne(settings.stateDirectory, known.name, target, why, now)
          : (await loadJobState(settings.stateDirectory, known.name, target)).state,
      );
    }
  } catch (error) {
    return { ...protectionOf(states), warnings: [`The failure could not be recorded: ${errorMessage(error)}`] };
  }
  return protectionOf(states);
}

async function recordOne(directory: string, job: string, target: string, why: string, now: Date): Promise<JobState> {
  const lock = await takeRunLock(directory, `${job}@${target}`, now);
  const { state } = await loadJobState(directory, job, target);
  if (lock.kind === 'held') return state;
  try {
    const time = now.toISOString();
    const failing = {
      since: state.failing?.since ?? time,
      count: (state.failing?.count ?? 0) + 1,
      outcome: 'interrupted',
    } as const;
    const after = { ...state, failing };
    await saveJobState(directory, job, target, after);
    await appendHistory(directory, {
      version: 1,
      run: `${time}-${job}-${target}`,
      job,
      target,
      started: time,
      finished: time,
      durationMs: 0,
      outcome: 'interrupted',
      exitCode: KILLED,
      reason: `the unit failed: ${why}`,
      snapshot: null,
      attempts: 0,
      files: 0,
      bytes: 0,
      transfer: null,
      verification: null,
      warnings: [],
    });
    return after;
  } finally {
    await lock.release();
  }
}

/** 128 + SIGKILL: the exit code that a shell would report. */
const KILLED = 137;

function protectionOf(states: readonly JobState[]): Protection {
  const sealed = states.map(({ sealed: snapshot }) => snapshot);
  const oldest = sealed.includes(null)
    ? undefined
    : sealed.filter((snapshot) => snapshot !== null).sort((a, b) => (a.started < b.started ? -1 : 1))[0];
  const failing = states.flatMap(({ failing: state }) => state ?? []).sort((a, b) => b.count - a.count)[0];
  return {
    notProtectedSince: oldest && new Date(oldest.started),
    lastSealed: oldest?.id,
    failingSince: failing && new Date(failing.since),
    failures: failing?.count,
  };
}
