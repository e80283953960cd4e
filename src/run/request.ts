import type { JobSettings, Settings, TargetSettings } from '../config/settings.ts';
import type { AlertDeps } from '../notify/deliver.ts';
import type { Tellings } from '../notify/tellings.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/logger.ts';
import type { RunProcess } from '../platform/process.ts';
import type { LearningRedactor } from '../shared/redaction.ts';
import type { ExaminedDumps } from './source/examined-dumps.ts';
import type { Observe, ObserveRuns, RunScope } from './events.ts';

/** One run: one job to one target. */
export interface RunRequest {
  readonly settings: Settings;
  readonly job: JobSettings;
  readonly target: TargetSettings;
  /** Send although a guard objects; the objections become warnings. */
  readonly force: boolean;
  /** Aborted with a SignalReceived when a signal ends the run. */
  readonly signal: AbortSignal;
}

/** What a run needs from outside. */
export interface RunDeps {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: LearningRedactor;
  readonly observe: Observe;
  /** What is known of dumps that were examined before, for another target. */
  readonly examined?: ExaminedDumps;
  /** Whether somebody watches the progress: a bar on a terminal, or a program that reads the events. */
  readonly watched: boolean;
  /** The environment of this process: secrets and systemd's directories are looked up there. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The name of this host in messages. */
  readonly host: string;
  /** Records what people have been told about failures. */
  readonly tellings?: Tellings;
  /** Aborting it cancels alerts that are still being sent. */
  readonly alertSignal?: AlertDeps['signal'];
}

/** What the caller of a run gives: it may watch several of them. */
export interface CallerDeps extends Omit<RunDeps, 'observe'> {
  readonly observe: ObserveRuns;
}

/** The name of a run, in its record and its events: when it began, job and target. */
export function runName(started: Date, { job, target }: Pick<RunRequest, 'job' | 'target'>): string {
  return `${started.toISOString()}-${job.name}-${target.name}`;
}

/** The dependencies of one run: what it tells is told with its name. */
export function scopedTo(run: string, { job, target }: RunRequest, deps: CallerDeps): RunDeps {
  const scope: RunScope = { run, job: job.name, target: target.name };
  return { ...deps, observe: (event) => deps.observe(event, scope) };
}

/** The name of the lock that keeps two runs of one job to one target apart. */
export function lockName(request: Pick<RunRequest, 'job' | 'target'>): string {
  return `${request.job.name}@${request.target.name}`;
}

/** Identifies that lock. Two configurations may have jobs with the same name; there is one lock for each state directory. */
export function lockPath(request: Pick<RunRequest, 'job' | 'target' | 'settings'>): string {
  return `${request.settings.stateDirectory}/${lockName(request)}`;
}
