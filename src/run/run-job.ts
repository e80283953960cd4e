import { formatDuration } from '../shared/units.ts';
import type { RunRecord } from '../state/run-record.ts';
import { takeRunLock, type Locked } from '../state/run-lock.ts';
import { finishRun, tellStart } from './finish.ts';
import { DeadlinePassed, unexpectedFailure } from './failure.ts';
import { readRunSecrets, runLocked, type RunSecrets } from './locked-run.ts';
import { lockName, type RunDeps, type RunRequest } from './request.ts';
import type { RunEnd } from './run-end.ts';

/**
 * Runs one job to one target, as one straight line (docs/architecture.md): secrets, lock, guards, attempts, record,
 * alerts. Whatever happens, the last two happen.
 * @returns what was recorded; never throws
 */
export async function runJob(request: RunRequest, deps: RunDeps): Promise<RunRecord> {
  const started = deps.clock.now();
  const run = `${started.toISOString()}-${request.job.name}-${request.target.name}`;
  deps.observe({ event: 'run-started', run, job: request.job.name, target: request.target.name });
  const startTold = tellStart(request, deps, run, started);
  const deadline = new AbortController();
  const timer = setTimeout(
    () => {
      deadline.abort(
        new DeadlinePassed(`not finished within the deadline of ${formatDuration(request.job.deadlineMs)}`),
      );
    },
    Math.min(request.job.deadlineMs, LONGEST_TIMER),
  );
  const signal = AbortSignal.any([request.signal, deadline.signal]);
  let end: RunEnd;
  let lock: Locked | undefined;
  try {
    const secrets = readRunSecrets(request, deps);
    lock = await takeRunLock(request.settings.stateDirectory, lockName(request), started);
    end = lock.kind === 'locked' ? await runLocked({ ...request, signal }, secrets, deps) : lockedOut(lock, secrets);
  } catch (error) {
    end = { kind: 'unlocked', why: unexpectedFailure(error, signal) };
  } finally {
    clearTimeout(timer);
  }
  await startTold;
  const record = await finishRun(request, deps, { run, started, end });
  if (lock?.kind === 'locked') await lock.release();
  return record;
}

/** Longest delay that a timer takes (a 32 bit number of milliseconds, 24 days); a longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

function lockedOut(lock: Extract<Locked, { kind: 'held' }>, secrets: RunSecrets): RunEnd {
  if (secrets.kind === 'unreadable') {
    return { kind: 'unlocked', why: { outcome: 'secret', reason: secrets.reason } };
  }
  const who = lock.holder ? `, held by process ${lock.holder.pid} since ${lock.holder.since}` : '';
  const reason = `another run of this job to this target is going on${who}`;
  return { kind: 'unlocked', why: { outcome: 'locked', reason } };
}
