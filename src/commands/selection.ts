import { wordMeant } from '../shared/suggestion.ts';
import { ConfigError } from '../config/load.ts';
import type { JobSettings, Settings, TargetSettings } from '../config/settings.ts';

/** A command was called with arguments that it cannot use. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /**
   * Set if the configuration could be read, so that an alert can be sent: a unit that names a wrong job secures
   * nothing.
   */
  settings: Settings | undefined;
}

/** One job and one of its targets. */
export interface Selected {
  readonly job: JobSettings;
  readonly target: TargetSettings;
}

/**
 * Finds the jobs and targets that a command names.
 * @param jobs names; empty: all jobs
 * @param target one target; undefined: all targets of each job
 * @throws UsageError that says which name is unknown and which are known
 */
export function select(settings: Settings, jobs: readonly string[], target: string | undefined): Selected[] {
  const unknown = jobs.filter((name) => !settings.jobs.has(name));
  if (unknown.length > 0) {
    throw new UsageError(
      unknown.map((name) => `There is no job "${name}"${hint(name, [...settings.jobs.keys()])}`).join('\n'),
    );
  }
  if (target !== undefined && !settings.targets.has(target)) {
    throw new UsageError(`There is no target "${target}"${hint(target, [...settings.targets.keys()])}`);
  }
  const names = jobs.length === 0 ? [...settings.jobs.keys()] : [...new Set(jobs)];
  return names.flatMap((name) => {
    const job = settings.jobs.get(name);
    if (!job) return [];
    if (target !== undefined && !job.targets.includes(target)) {
      throw new UsageError(`The job "${name}" is not sent to "${target}"; its targets: ${job.targets.join(', ')}.`);
    }
    return (target === undefined ? job.targets : [target]).map((targetName) => {
      const settingsOfTarget = settings.targets.get(targetName);
      if (!settingsOfTarget) throw new ConfigError(`The job "${name}" names the unknown target "${targetName}".`);
      return { job, target: settingsOfTarget };
    });
  });
}

/**
 * Finds the target of a command that needs one and no job.
 * @param name undefined: the only one
 * @throws UsageError that says which are known
 */
export function selectTarget({ targets }: Settings, name: string | undefined): TargetSettings {
  const known = [...targets.keys()];
  const target = targets.get(name ?? known[0] ?? '');
  if (name === undefined && known.length > 1) throw new UsageError(`Name one with --target: ${known.join(', ')}.`);
  if (target === undefined) throw new UsageError(`There is no target "${name}"${hint(name ?? '', known)}`);
  return target;
}

function hint(word: string, known: readonly string[]): string {
  const best = wordMeant(word, known);
  return best === undefined ? `. Known: ${known.join(', ')}` : `. Did you mean "${best}"?`;
}
