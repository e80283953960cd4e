import { loadConfig } from '../../config/load.ts';
import { programProblems } from '../../config/channel-programs.ts';
import { secretProblems } from '../../config/secret-problems.ts';
import { silences } from '../../config/silence.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import { formatCount } from '../../shared/units.ts';
import type { Context } from '../context.ts';

/** Options of `offsite-rsync config validate`. */
export interface ValidateOptions {
  readonly config: string;
  readonly secrets?: boolean;
}

/**
 * `offsite-rsync config validate`: checks the file, and with `--secrets` also whether the secrets of targets and
 * channels can be read here and the programs of channels exist. It warns if a missing backup would go unnoticed.
 * @returns 0; 3 when a secret is missing; 2 when only a channel's program is
 * @throws ConfigError that lists every problem
 */
export async function validateConfig(options: ValidateOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  const jobs = formatCount(settings.jobs.size, 'job');
  const targets = formatCount(settings.targets.size, 'target');
  const channels = formatCount(Object.keys(settings.alerts.channels).length, 'alert channel');
  context.out(`${options.config} is valid: ${jobs}, ${targets}, ${channels} besides the journal.\n`);
  for (const silence of silences(settings)) context.log('warning', silence);
  if (options.secrets !== true) return 0;
  const secrets = secretProblems(settings, context.environment);
  const programs = programProblems(settings, context.environment);
  for (const problem of [...secrets, ...programs]) context.log('error', problem);
  if (secrets.length > 0) return exitCodeOf('secret');
  context.out('All secrets of the targets and alert channels can be read.\n');
  return programs.length > 0 ? exitCodeOf('usage') : 0;
}
