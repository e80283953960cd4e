import { formatDuration } from '../shared/units.ts';
import type { RunRecord } from '../state/run-record.ts';
import { takeRunLock, type Locked } from '../state/run-lock.ts';
import { finishRun, tellStart } from './finish.ts';
import { DeadlinePassed, unexpectedFailure, type Failure } from './failure.ts';
import { loadJobState, type JobState } from '../state/job-state.ts';
import { makeAttempts, type AttemptPlan } from './attempt/attempts.ts';
import { whilePreparing, type Preparation } from './connection/preparation.ts';
import { planAttempts, readJobSource, readRunSecrets, type RunSecrets } from './plan.ts';
import { askGuards } from './objections.ts';
import { lockName, runName, scopedTo, type CallerDeps, type RunDeps, type RunRequest } from './request.ts';
import type { RunEnd } from './run-end.ts';

/**
 * Runs one job to one target, as one straight line (docs/architecture.md): secrets, lock, guards, attempts, record,
 * alerts. Whatever happens, the last two happen.
 * @returns what was recorded; never throws
 */
export async function runJob(request: RunRequest, caller: CallerDeps): Promise<RunRecord> {
  const started = caller.clock.now();
  const run = runName(started, request);
  const deps = scopedTo(run, request, caller);
  deps.observe({ event: 'run-started' });
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

/** The part of a run for which the lock is held. Never throws once the state is read. */
async function runLocked(request: RunRequest, secrets: RunSecrets, deps: RunDeps): Promise<RunEnd> {
  const { job, target, settings } = request;
  const { state, damage } = await loadJobState(settings.stateDirectory, job.name, target.name);
  const warnings = damage === undefined ? [] : [damage];
  const unsent = (why: Failure): RunEnd => ({ kind: 'unsent', why, source: undefined, state, warnings });
  if (secrets.kind === 'unreadable') return unsent({ outcome: 'secret', reason: secrets.reason });
  if (state.sealed !== null && deps.clock.now() < new Date(state.sealed.started)) {
    warnings.push(
      `The clock of this host is behind the last snapshot (${state.sealed.id}): it was set back. New ids continue from that one.`,
    );
  }
  try {
    const warn = (warning: string) => warnings.push(warning);
    const purpose = { name: 'run', secrets: secrets.secrets, warn } as const;
    return await whilePreparing(request, purpose, deps, (preparing) =>
      guardAndSend(request, preparing, state, warnings, deps),
    );
  } catch (error) {
    return unsent(unexpectedFailure(error, request.signal));
  }
}

async function guardAndSend(
  request: RunRequest,
  preparing: Promise<Preparation>,
  state: JobState,
  warnings: string[],
  deps: RunDeps,
): Promise<RunEnd> {
  // What no snapshot contains is reported in full once, before the first snapshot; `verify`, `doctor` and dry runs report it again.
  const reading = await readJobSource(request, state, { closely: state.sealed === null, survey: true }, deps);
  if (reading.kind === 'ended') return { kind: 'unsent', why: reading.why, source: undefined, state, warnings };
  const { source } = reading;
  const { objections, warnings: unchecked } = await askGuards(request, source, state, deps);
  if (objections.length > 0 && !request.force) {
    const why = { outcome: 'source-guard', reason: objections.join('\n') } as const;
    return { kind: 'unsent', why, source, state, warnings };
  }
  warnings.push(...objections.map((objection) => `Sent in spite of a guard (--force): ${objection}`), ...unchecked);
  const plan = await planAttempts(request, source, state, await preparing, deps);
  return attemptsToEnd(request, plan, state, warnings, deps);
}

async function attemptsToEnd(
  request: RunRequest,
  plan: AttemptPlan,
  initial: JobState,
  warnings: string[],
  deps: RunDeps,
): Promise<RunEnd> {
  const { result, id, made, state, warnings: more, distrustBases } = await makeAttempts(request, plan, initial, deps);
  warnings.push(...more);
  const common = { attempts: made, source: plan.source, state, warnings };
  if (result.kind === 'failed') return { kind: 'unsecured', why: result.why, ...common };
  const { transfer, verification, contents } = result;
  warnings.push(...result.warnings);
  const clearsDistrust = distrustBases || verification.mode !== 'changed';
  return { kind: 'secured', snapshot: id, transfer, verification, contents, clearsDistrust, ...common };
}
