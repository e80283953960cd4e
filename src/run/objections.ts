import type { JobState } from '../state/job-state.ts';
import { sessionEnvironment } from '../ssh/connection.ts';
import { sinceSealed, stallMsOf } from './plan.ts';
import type { RunDeps, RunRequest } from './request.ts';
import { checkDumps } from './source/dumps.ts';
import { checkGuards, unguarded } from './source/guards.ts';
import type { SourceSummary } from './source/read-source.ts';

/** What all guards say about a source. */
export interface Guarding {
  /** Why it is not worth sending; empty if it is. */
  readonly objections: readonly string[];
  /** What could not be checked. */
  readonly warnings: readonly string[];
}

/** Asks every guard of a job about its source. Nothing has been sent by then. */
export async function askGuards(
  { job, target, signal }: Pick<RunRequest, 'job' | 'target' | 'signal'>,
  source: SourceSummary,
  { sealed }: Pick<JobState, 'sealed'>,
  { clock, runProcess, examined }: Pick<RunDeps, 'clock' | 'runProcess' | 'examined'>,
): Promise<Guarding> {
  const now = clock.now();
  const since = sealed === null ? undefined : sinceSealed(job, sealed);
  const about = { source: job.source, checks: job.guard.check, since, examined };
  const limits = { signal, stallMs: stallMsOf(target), environment: sessionEnvironment() };
  const dumps = await checkDumps(source, { ...about, ...limits }, runProcess);
  return {
    objections: [...checkGuards(source, job.guard, sealed, now, job.exclude.length > 0), ...dumps.objections],
    warnings: [...unguarded(source, job.guard, now), ...dumps.unchecked],
  };
}
