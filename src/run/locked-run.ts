import { readTargetSecrets, secretSources, type TargetSecrets } from '../config/target-secrets.ts';
import { SecretError } from '../platform/secrets.ts';
import { sessionEnvironment } from '../ssh/connection.ts';
import { isDistrusted } from '../state/distrust.ts';
import { loadJobState, type JobState } from '../state/job-state.ts';
import { makeAttempts, type AttemptPlan } from './attempt/attempts.ts';
import { checkGuards, unguarded } from './source/guards.ts';
import { interruptionOf, unexpectedFailure, type Failure } from './failure.ts';
import { bandwidthLimitOf, stallMsOf, verifyModeOf, wiresOf } from './plan.ts';
import { whilePreparing, type Preparation } from './connection/preparation.ts';
import { worthLooking } from './source/new-names.ts';
import type { RunDeps, RunRequest } from './request.ts';
import type { RunEnd } from './run-end.ts';
import { readSource, type SourceSummary } from './source/read-source.ts';

/** The secrets of a target, or why they cannot be read. */
export type RunSecrets =
  { readonly kind: 'read'; readonly secrets: TargetSecrets } | { readonly kind: 'unreadable'; readonly reason: string };

/** Reads the target's secrets and gives them to the redactor before anything can mention them. */
export function readRunSecrets(
  request: Pick<RunRequest, 'settings' | 'target'>,
  deps: Pick<RunDeps, 'environment' | 'redactor'>,
): RunSecrets {
  try {
    const secrets = readTargetSecrets(request.target, secretSources(request.settings.secretsFile, deps.environment));
    // An account with the same name as a job reveals nothing new, and redacting it would hide the job's name everywhere.
    const names = new Set([...request.settings.jobs.keys(), ...request.settings.targets.keys()]);
    deps.redactor.learn(secrets.named.filter(({ value }) => !names.has(value)));
    return { kind: 'read', secrets };
  } catch (error) {
    if (error instanceof SecretError) return { kind: 'unreadable', reason: error.message };
    throw error;
  }
}

/** The part of a run for which the lock is held. Never throws once the state is read. */
export async function runLocked(request: RunRequest, secrets: RunSecrets, deps: RunDeps): Promise<RunEnd> {
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
  const { job } = request;
  // What no snapshot contains is reported in full once, before the first snapshot; `verify`, `doctor` and dry runs report it again.
  const reading = await readJobSource(request, state, { closely: state.sealed === null }, deps);
  if (reading.kind === 'ended') return { kind: 'unsent', why: reading.why, source: undefined, state, warnings };
  const { source } = reading;
  const objections = checkGuards(source, job.guard, state.sealed, deps.clock.now());
  if (objections.length > 0 && !request.force) {
    const why = { outcome: 'source-guard', reason: objections.join('\n') } as const;
    return { kind: 'unsent', why, source, state, warnings };
  }
  warnings.push(...objections.map((objection) => `Sent in spite of a guard (--force): ${objection}`));

  warnings.push(...unguarded(source, job.guard, deps.clock.now()));
  const plan = await planAttempts(request, source, state, await preparing, deps);
  return attemptsToEnd(request, plan, state, warnings, deps);
}

/** The clock of a file server may be ahead of ours by this much (milliseconds). */
const FUTURE_SLACK = 60 * 60_000;

/** Walks the source of a job; `ended` if the run cannot continue. */
export async function readJobSource(
  request: RunRequest,
  state: JobState,
  { closely }: { readonly closely: boolean },
  deps: RunDeps,
): Promise<{ kind: 'read'; source: SourceSummary } | { kind: 'ended'; why: Failure }> {
  const { job, target, signal } = request;
  const reading = await readSource(
    {
      source: job.source,
      exclude: job.exclude,
      oneFileSystem: job.oneFileSystem,
      closely,
      inUnit: deps.environment.INVOCATION_ID !== undefined,
      oldBefore: state.sealed === null ? undefined : new Date(state.sealed.started),
      notAfter: new Date(deps.clock.now().getTime() + FUTURE_SLACK),
      environment: sessionEnvironment(),
      signal,
      stallMs: stallMsOf(target),
    },
    deps.runProcess,
  );
  switch (reading.kind) {
    case 'aborted':
      return { kind: 'ended', why: interruptionOf(signal) };
    case 'no-rsync':
      return { kind: 'ended', why: { outcome: 'usage', reason: reading.reason } };
    case 'unreadable': {
      const { reason, advice } = reading;
      return { kind: 'ended', why: { outcome: 'source-guard', reason, advice } };
    }
    case 'read': {
      const { files, bytes, fileSystems, notSent } = reading.summary;
      deps.observe({ event: 'source-read', files, bytes, fileSystems, notSent });
      return { kind: 'read', source: reading.summary };
    }
    default:
      return reading satisfies never;
  }
}

/** The values that are the same for all attempts of a run. */
export async function planAttempts(
  request: RunRequest,
  source: SourceSummary,
  state: JobState,
  { directory, connect, rsyncVersion }: Preparation,
  deps: RunDeps,
): Promise<AttemptPlan> {
  const { job, target, settings, signal } = request;
  return {
    ...wiresOf(target, directory, source),
    connect,
    source,
    bandwidthLimit: bandwidthLimitOf(job, target),
    fuzzy: worthLooking(job.fuzzy, source.names, state.sealed ?? undefined),
    busyTimeoutMs: target.busyTimeoutMs,
    verifyMode: verifyModeOf(job, state, deps.clock.now()),
    distrustBases: await isDistrusted(settings.stateDirectory, job.name, target.name),
    rsyncVersion: (await rsyncVersion) ?? 'unknown',
    directory,
    signal,
  };
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
  const clearsDistrust = distrustBases || verification.mode === 'full';
  return { kind: 'secured', snapshot: id, transfer, verification, contents, clearsDistrust, ...common };
}
