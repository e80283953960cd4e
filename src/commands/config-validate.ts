import { loadConfig } from '../config/load.ts';
import { secretProblems } from '../config/secret-problems.ts';
import { exitCodeOf } from '../shared/outcome.ts';
import { formatCount } from '../shared/units.ts';
import type { Context } from './context.ts';

/** Options of `offsite-rsync config validate`. */
export interface ValidateOptions {
  readonly config: string;
  readonly secrets?: boolean;
}

/**
 * `offsite-rsync config validate`: the file, and with `--secrets` also whether the secrets of targets and channels can be read here.
 * @returns 0, or 3 when a secret is missing
 * @throws ConfigError that lists every problem
 */
export async function validateConfig(options: ValidateOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  const jobs = formatCount(settings.jobs.size, 'job');
  const targets = formatCount(settings.targets.size, 'target');
  const channels = formatCount(Object.keys(settings.alerts.channels).length, 'alert channel');
  context.out(`${options.config} is valid: ${jobs}, ${targets}, ${channels} beside the journal.\n`);
  if (options.secrets !== true) return 0;
  const problems = secretProblems(settings, context.environment);
  for (const problem of problems) context.log('error', problem);
  if (problems.length === 0) context.out('All secrets of the targets and alert channels can be read.\n');
  return problems.length === 0 ? 0 : exitCodeOf('secret');
}
