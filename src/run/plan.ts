import type { JobSettings, TargetSettings } from '../config/settings.ts';
import type { TransferSettings, Wire } from '../rsync/arguments.ts';
import { nextDue } from '../shared/schedule.ts';
import type { VerifyMode } from '../shared/verify-mode.ts';
import type { ConnectionTimes } from '../ssh/client-config.ts';
import { remoteShell, sessionEnvironment } from '../ssh/connection.ts';
import type { JobState, SealedSnapshot } from '../state/job-state.ts';
import { streamManifest } from '../state/manifest.ts';
import { readSource, type SourceSummary, type SurveyedBasis } from './source/read-source.ts';
import { readTargetSecrets, secretSources, type TargetSecrets } from '../config/target-secrets.ts';
import { hasForeignClock } from '../platform/files.ts';
import { SecretError } from '../platform/secrets.ts';
import { isDistrusted } from '../state/distrust.ts';
import type { AttemptPlan } from './attempt/attempts.ts';
import type { Preparation } from './connection/preparation.ts';
import { interruptionOf, type Failure } from './failure.ts';
import type { RunDeps, RunRequest } from './request.ts';
import { worthLooking } from './source/new-names.ts';

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

/** The clock of a file server may be ahead of ours by this much (milliseconds). */
const FUTURE_SLACK = 60 * 60_000;

/**
 * A file may have been touched after the start of a run even if its ctime is before it by this much (milliseconds): the kernel takes it from
 * a clock of 10 ms, or it comes from the clock of a file server. What is looked at in vain costs little.
 */
const TOUCH_SLACK = { own: 50, foreign: 5 * 60_000 } as const;

/** Walks the source of a job; `ended` if the run cannot continue. */
export async function readJobSource(
  request: RunRequest,
  state: JobState,
  { closely, survey }: { readonly closely: boolean; readonly survey: boolean },
  deps: RunDeps,
): Promise<{ kind: 'read'; source: SourceSummary } | { kind: 'ended'; why: Failure }> {
  const { job, target, signal } = request;
  const asked = survey && target.secondary === 'gate';
  const basis = asked ? surveyedBasis(request, state) : undefined;
  const reading = await readSource(
    {
      source: job.source,
      exclude: job.exclude,
      oneFileSystem: job.oneFileSystem,
      closely,
      inUnit: deps.environment.INVOCATION_ID !== undefined,
      oldBefore: state.sealed === null ? undefined : new Date(state.sealed.started),
      touchedSince: asked ? (basis?.since ?? 0) : undefined,
      basis,
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

function surveyedBasis({ settings, job, target }: RunRequest, { sealed }: JobState): SurveyedBasis | undefined {
  if (sealed === null) return undefined;
  return {
    files: sealed.files,
    entries: (onEntry) => streamManifest(settings.stateDirectory, job.name, target.name, sealed.id, onEntry),
    since: sinceSealed(job, sealed),
  };
}

/** What was touched earlier is as it was when a snapshot was made: milliseconds since 1970. */
export function sinceSealed({ source }: Pick<JobSettings, 'source'>, sealed: SealedSnapshot): number {
  return unseenSince(sealed, TOUCH_SLACK[hasForeignClock(source) ? 'foreign' : 'own']);
}

/**
 * From when on something may have been touched without the run that made a snapshot having seen it. Where a source is a snapshot of a file
 * system, that is since that was taken, at the earliest when its newest ctime was set; everywhere else, since the run began to look.
 * @returns milliseconds since 1970
 */
export function unseenSince({ started, newestChangeMs = Infinity }: SealedSnapshot, slackMs: number): number {
  return Math.min(Date.parse(started) - slackMs, newestChangeMs);
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
    transfer: transferOf(job, target, source, state),
    busyTimeoutMs: target.busyTimeoutMs,
    verifyMode: verifyModeOf(job, state, deps.clock.now()),
    distrustBases: await isDistrusted(settings.stateDirectory, job.name, target.name),
    rsyncVersion: (await rsyncVersion) ?? 'unknown',
    directory,
    signal,
    readAgain: async () => {
      const reading = await readJobSource(request, state, { closely: false, survey: true }, deps);
      return reading.kind === 'read' ? reading.source : undefined;
    },
  };
}

/** Slowest disk that comparisons by checksum allow for, in bytes per second. */
const SLOWEST_DISK = 8 * 1024 * 1024;

/** Longest time-out that the gate's grammar accepts, in seconds: eleven days. */
const LONGEST_TIMEOUT = 999_999;

/**
 * The two forms of the wire to a target: for a push, and for sessions that read files to compute checksums.
 *
 * In the latter, rsync sends nothing until it has read all files of a directory, because it sends the list only when 32 KiB of it are
 * full or it is complete (measured with rsync 3.5.0: six files of 2 GiB, one silence). So both time-outs are long enough to read
 * everything. A dead connection is still ended by ssh's keepalive, a run by its deadline, and a session behind the gate by its
 * session_limit.
 * @param directory the run's private directory, which contains ssh's configuration
 * @param bytes size of the whole source
 */
export function wiresOf(
  target: TargetSettings,
  directory: string,
  { bytes, notSent }: Pick<SourceSummary, 'bytes' | 'notSent'>,
): { readonly wire: Wire; readonly verifyWire: Wire } {
  const seconds = timeoutSecondsOf(target);
  const wire: Wire = {
    remoteShell: remoteShell(directory),
    alias: target.name,
    secondary: target.secondary,
    metadata: target.metadata,
    hardLinks: notSent.falseLinks === undefined,
    compress: target.compress,
    timeoutSeconds: seconds,
    stallMs: stallMsOf(target),
  };
  const toRead = Math.ceil(bytes / SLOWEST_DISK);
  const reading = Math.min(LONGEST_TIMEOUT, seconds + toRead);
  const verifyWire = { ...wire, timeoutSeconds: reading, stallMs: wire.stallMs + toRead * 1000 };
  return { wire, verifyWire };
}

/** rsync's own time-out, in seconds. */
export function timeoutSecondsOf({ ioTimeoutMs }: Pick<TargetSettings, 'ioTimeoutMs'>): number {
  return Math.min(LONGEST_TIMEOUT, Math.max(1, Math.ceil(ioTimeoutMs / 1000)));
}

/** Stall time in milliseconds. It is never shorter than rsync's own time-out, because a long one is a wish to wait. */
export function stallMsOf({ stallTimeoutMs, ioTimeoutMs }: TargetSettings): number {
  return Math.max(stallTimeoutMs, ioTimeoutMs);
}

/** The times of a connection in the units of ssh_config(5). */
export function connectionTimes(target: TargetSettings): ConnectionTimes {
  const seconds = (ms: number) => Math.max(1, Math.ceil(ms / 1000));
  return {
    connect: seconds(target.connectTimeoutMs),
    aliveInterval: seconds(target.keepalive.intervalMs),
    aliveCount: target.keepalive.count,
  };
}

/** What every push of the run has in common: the job's own options, and those that depend on more than the job. */
export function transferOf(
  job: JobSettings,
  target: Pick<TargetSettings, 'bandwidthLimit'>,
  source: Pick<SourceSummary, 'names'>,
  state: Pick<JobState, 'sealed'>,
): TransferSettings {
  return {
    ...job,
    bandwidthLimit: bandwidthLimitOf(job, target),
    fuzzy: worthLooking(job.fuzzy, source.names, state.sealed ?? undefined),
  };
}

/** The stricter of the job's and the target's limit, in bytes per second. */
export function bandwidthLimitOf(
  job: Pick<JobSettings, 'bandwidthLimit'>,
  target: Pick<TargetSettings, 'bandwidthLimit'>,
): number | undefined {
  const limits = [job.bandwidthLimit, target.bandwidthLimit].filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Whether this run reads everything on both sides, or only what it sent. */
export function verifyModeOf(job: JobSettings, state: JobState, now: Date): VerifyMode {
  const { mode, fullSchedule: schedule, timezone } = job.verify;
  if (mode === 'full' || state.lastFullVerification === null) return 'full';
  return nextDue({ schedule, timezone }, new Date(state.lastFullVerification)) <= now ? 'full' : mode;
}
