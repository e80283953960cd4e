import type { Outcome } from '../shared/outcome.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import { jobFile, loadJobFile, saveJobFile } from './job-file.ts';
import { readHistoryIfFit } from './history.ts';
import type { RunRecord } from './run-record.ts';
import { isJobState } from './validator.ts';

/** What the next run of one job to one target needs to know. */
export interface JobState {
  readonly version: 1;
  /** The newest id ever used, sealed or not, because ids strictly increase. */
  readonly lastId: SnapshotId | null;
  /** The newest sealed snapshot: the basis, and the size against which shrinking is measured. */
  readonly sealed: SealedSnapshot | null;
  /** The unsealed attempt since then that got furthest: the next one does not send again what it has. */
  readonly broken: BrokenAttempt | null;
  /** When everything that is stored was last compared (ISO 8601, UTC). */
  readonly lastFullVerification: string | null;
  /** When every byte was last compared, if that was later. */
  readonly lastRead?: string;
  /** Set while runs fail, for the alert about the recovery. */
  readonly failing: FailingState | null;
}

export interface SealedSnapshot {
  readonly id: SnapshotId;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly finished: string;
  readonly files: number;
  readonly bytes: number;
  /**
   * No ctime in the source was later when the run walked it: milliseconds since 1970, with a fraction. Undefined if nobody looked, or if
   * the state was made anew.
   */
  readonly newestChangeMs?: number;
}

export interface BrokenAttempt {
  readonly id: SnapshotId;
  /** Bytes of the source that it had handled, sent or linked. */
  readonly bytes: number;
  /** Ids that it may still have, newest first, if the gate did not come to go on with it. */
  readonly formerly?: readonly SnapshotId[];
}

export interface FailingState {
  /** When the first of the failed runs ended (ISO 8601, UTC). */
  readonly since: string;
  readonly count: number;
  readonly outcome: Outcome;
}

const EMPTY: JobState = {
  version: 1,
  lastId: null,
  sealed: null,
  broken: null,
  lastFullVerification: null,
  failing: null,
};

/** A state, and whether it had to be reconstructed. */
export interface LoadedState {
  readonly state: JobState;
  /** What was wrong with the file, for a warning; undefined when nothing was. */
  readonly damage: string | undefined;
}

/**
 * Reads the state of a job and target. If the file is damaged, the state is reconstructed from the history.
 * @throws NodeJS.ErrnoException when the file exists but cannot be read
 */
export async function loadJobState(stateDirectory: string, job: string, target: string): Promise<LoadedState> {
  const path = stateFile(stateDirectory, job, target);
  const state = await loadJobFile<JobState>(path, isJobState);
  if (state !== 'missing' && state !== 'damaged') return { state, damage: undefined };
  const rebuilt = await rebuild(stateDirectory, job, target);
  const damaged =
    state === 'damaged' ? `The state file ${path} was damaged and has been made anew from the history.` : undefined;
  return {
    state: rebuilt.state,
    damage: [damaged, rebuilt.problem].filter((text) => text !== undefined).join(' ') || undefined,
  };
}

/** Replaces the state of a job and target as a whole. */
export async function saveJobState(
  stateDirectory: string,
  job: string,
  target: string,
  state: JobState,
): Promise<void> {
  await saveJobFile(stateFile(stateDirectory, job, target), state);
}

function stateFile(stateDirectory: string, job: string, target: string): string {
  return jobFile(stateDirectory, job, target, 'json');
}

async function rebuild(
  stateDirectory: string,
  job: string,
  target: string,
): Promise<{ readonly state: JobState; readonly problem: string | undefined }> {
  let state = EMPTY;
  const problem = await readHistoryIfFit(stateDirectory, (record) => {
    if (record.job === job && record.target === target) state = afterRecord(state, record);
  });
  return { state, problem };
}

/**
 * The state after one run. A run that ends follows it, and so does a state that is rebuilt from the history.
 * @param record what the history has of that run
 * @param newestChangeMs see {@link SealedSnapshot}; the history does not have it
 */
export function afterRecord(state: JobState, record: RunRecord, newestChangeMs?: number): JobState {
  const { snapshot, started, finished, files, bytes } = record;
  if (record.outcome === 'locked') return state;
  if (record.outcome !== 'done') {
    const since = state.failing?.since ?? finished;
    return { ...state, failing: { since, count: (state.failing?.count ?? 0) + 1, outcome: record.outcome } };
  }
  if (snapshot === null) return { ...state, failing: null };
  const full = record.verification?.mode === 'full';
  return {
    ...state,
    lastId: snapshot,
    sealed: {
      ...{ id: snapshot, started, finished, files, bytes },
      ...(newestChangeMs === undefined ? {} : { newestChangeMs }),
    },
    broken: null,
    lastFullVerification: full ? finished : state.lastFullVerification,
    ...(record.verification?.mode === 'content' ? { lastRead: finished } : {}),
    failing: null,
  };
}
