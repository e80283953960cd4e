import type { Settings } from '../config/settings.ts';
import { errorCode, errorMessage } from '../platform/files.ts';
import { loadDamage, type DamagedSnapshot } from '../state/damage.ts';
import { loadJobState, type JobState } from '../state/job-state.ts';
import { readHistoryIfFit } from '../state/history.ts';
import { isFailure, type RunRecord } from '../state/run-record.ts';
import { readRunningRun, type LockHolder } from '../state/run-lock.ts';
import { loadVerification, type VerificationNote } from '../state/verification.ts';
import { standingOf, unknownStanding, type Standing } from './standing.ts';

/** One job and one of its targets, by name. */
export interface Pair {
  readonly job: string;
  readonly target: string;
}

/** Every job of the configuration with each of its targets. */
export function allPairs(settings: Pick<Settings, 'jobs'>): Pair[] {
  return [...settings.jobs.values()].flatMap(({ name, targets }) => targets.map((target) => ({ job: name, target })));
}

/** What one pass over the history keeps for a pair: at most three runs. */
interface Digest {
  lastRun?: RunRecord;
  lastSuccess?: RunRecord;
  lastFailure?: RunRecord;
  /** Number of failures since the last success, and when the first of them ended. */
  failures: number;
  failingSince?: string;
  sentBytes: number;
}

/** What the state directory says about a pair, or why it says nothing. */
type StoredState =
  | {
      readonly kind: 'read';
      readonly state: JobState;
      readonly verification: VerificationNote | undefined;
      readonly damaged: readonly DamagedSnapshot[];
      readonly running: LockHolder | undefined;
    }
  | { readonly kind: 'unreadable'; readonly problem: string };

/**
 * The standings of the given jobs, in their order. A problem with one of them does not hide the others.
 * @param warn called if a part of the history is missing; the most important facts are in the states
 * @throws NodeJS.ErrnoException when this user may not read the state directory
 */
export async function readStandings(
  settings: Pick<Settings, 'jobs' | 'stateDirectory'>,
  pairs: readonly Pair[],
  now: Date,
  warn: (problem: string) => void = () => undefined,
): Promise<Standing[]> {
  const digests = new Map<string, Digest>(pairs.map((pair) => [keyOf(pair), { failures: 0, sentBytes: 0 }]));
  // The states first: a run that ends meanwhile writes its state and then its history, so the history never seems to lack a run.
  const states = await Promise.all(pairs.map((pair) => readState(settings.stateDirectory, pair)));
  const damage = await readHistoryIfFit(settings.stateDirectory, (record) => {
    const digest = digests.get(keyOf(record));
    if (!digest) return;
    digest.lastRun = record;
    digest.sentBytes += record.transfer?.sentBytes ?? 0;
    if (record.outcome === 'done') {
      digest.lastSuccess = record;
      digest.failures = 0;
      delete digest.failingSince;
    } else if (isFailure(record)) {
      digest.lastFailure = record;
      digest.failures += 1;
      digest.failingSince ??= record.finished;
    }
  });
  if (damage !== undefined) warn(damage);
  return pairs.map((pair, index) => {
    const digest: Digest = digests.get(keyOf(pair)) ?? { failures: 0, sentBytes: 0 };
    const { sentBytes, lastRun, lastSuccess, lastFailure } = digest;
    const stored: StoredState = states[index] ?? { kind: 'unreadable', problem: 'nothing was read of it' };
    const name = { ...pair, expect: settings.jobs.get(pair.job)?.expect };
    if (stored.kind === 'unreadable') return unknownStanding(name, stored.problem);
    const { sealed, lastFullVerification } = stored.state;
    const failing = stored.state.failing ?? failingByHistory(digest, sealed);
    const { verification, damaged, running } = stored;
    const runs = { lastRun, lastSuccess, lastFailure, sentBytesTotal: sentBytes };
    try {
      return standingOf(
        { ...name, ...runs, sealed, failing, lastFullVerification, verification, damaged, running },
        now,
      );
    } catch (error) {
      return unknownStanding(name, errorMessage(error));
    }
  });
}

/**
 * A run that fails before it holds its lock (because the lock's path is a directory, or the private directory cannot be made) may not
 * write the state, so only the history knows of it.
 */
function failingByHistory(
  { failures, failingSince, lastFailure }: Digest,
  sealed: JobState['sealed'],
): JobState['failing'] {
  if (failingSince === undefined || lastFailure === undefined) return null;
  // The history may lack a later success that could not be written.
  if (sealed !== null && Date.parse(lastFailure.finished) <= Date.parse(sealed.finished)) return null;
  return { since: failingSince, count: failures, outcome: lastFailure.outcome };
}

async function readState(stateDirectory: string, { job, target }: Pair): Promise<StoredState> {
  try {
    const { state } = await loadJobState(stateDirectory, job, target);
    const verification = await loadVerification(stateDirectory, job, target);
    const damaged = await loadDamage(stateDirectory, job, target);
    const running = await readRunningRun(stateDirectory, keyOf({ job, target }));
    return { kind: 'read', state, verification, damaged, running };
  } catch (error) {
    if (isForbidden(error)) throw error;
    return { kind: 'unreadable', problem: errorMessage(error) };
  }
}

/** This concerns all jobs: the user who asks is not the account of the runs. */
function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
}

/** A pair as one word; no name contains "@". */
export function keyOf({ job, target }: Pair): string {
  return `${job}@${target}`;
}
