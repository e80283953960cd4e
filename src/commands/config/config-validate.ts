import { ConfigError, loadConfig } from '../../config/load.ts';
import { programProblems } from '../../config/channel-programs.ts';
import { secretProblems } from '../../config/secret-problems.ts';
import { warningsOf } from '../../config/warnings.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import { formatCount } from '../../shared/units.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';

/** Options of `offsite-rsync config validate`. */
export interface ValidateOptions {
  readonly config: string;
  readonly secrets?: boolean;
  readonly json?: boolean;
}

/** What is wrong with a configuration, for programs. */
export interface ValidationReport {
  /** Whether the file itself is without a fault. */
  readonly valid: boolean;
  readonly exitCode: number;
  /** Faults of the file, of secrets and of the programs of channels. */
  readonly problems: readonly string[];
  /** Where a failure would go unnoticed, and what can hardly be meant. */
  readonly warnings: readonly string[];
}

/**
 * `offsite-rsync config validate`: checks the file, and with `--secrets` also whether the secrets of targets and
 * channels can be read here and the programs of channels exist. It warns if a missing backup would go unnoticed, or an exclude leaves nothing out.
 * @returns 0; 3 when a secret is missing; 2 when only a channel's program is
 * @throws ConfigError that lists every problem
 */
export async function validateConfig(options: ValidateOptions, context: Context): Promise<number> {
  if (options.json === true) return validateForPrograms(options, context);
  const settings = await loadConfig(options.config);
  const jobs = formatCount(settings.jobs.size, 'job');
  const targets = formatCount(settings.targets.size, 'target');
  const channels = formatCount(Object.keys(settings.alerts.channels).length, 'alert channel');
  context.out(`${options.config} is valid: ${jobs}, ${targets}, ${channels} besides the journal.\n`);
  for (const warning of warningsOf(settings)) context.log('warning', warning);
  if (options.secrets !== true) return 0;
  const secrets = secretProblems(settings, context.environment);
  const programs = programProblems(settings, context.environment);
  for (const problem of [...secrets, ...programs]) context.log('error', problem);
  if (secrets.length > 0) return exitCodeOf('secret');
  context.out('All secrets of the targets and alert channels can be read.\n');
  return programs.length > 0 ? exitCodeOf('usage') : 0;
}

async function validateForPrograms({ config, secrets: looks }: ValidateOptions, context: Context): Promise<number> {
  const report = (found: ValidationReport): number => {
    printJson(context, 'config validate --json', found);
    return found.exitCode;
  };
  try {
    const settings = await loadConfig(config);
    const secrets = looks === true ? secretProblems(settings, context.environment) : [];
    const programs = looks === true ? programProblems(settings, context.environment) : [];
    const exitCode = secrets.length > 0 ? exitCodeOf('secret') : programs.length > 0 ? exitCodeOf('usage') : 0;
    return report({ valid: true, exitCode, problems: [...secrets, ...programs], warnings: warningsOf(settings) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return report({ valid: false, exitCode: exitCodeOf('usage'), problems: error.message.split('\n'), warnings: [] });
  }
}
