import { readFile } from 'node:fs/promises';
import { isMissing, whyUnread } from '../platform/files.ts';
import type { AlertSettings } from '../notify/settings.ts';
import { readAll } from '../settings/option.ts';
import { formatProblems, parseYamlConfig, type ConfigProblem } from '../settings/yaml-config.ts';
import { defaultStateDirectory } from './location.ts';
import { checkRules } from './rules.ts';
import { CONFIG, type RawConfig } from './options.ts';
import type { Settings } from './settings.ts';
import { configValidator } from './validator.ts';

/** What an error of the configuration carries besides its message. */
interface ConfigErrorFacts {
  readonly alerts?: AlertSettings;
  readonly secretsFile?: string | undefined;
  readonly advice?: string;
}

/** The configuration cannot be used. The message lists every problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The alert channels, if that part of the file is sound: a typo elsewhere must not silence them. */
  readonly alerts: AlertSettings | undefined;
  readonly secretsFile: string | undefined;
  /** What to do if the message lists nothing to correct. Default: the advice of the outcome. */
  readonly advice: string | undefined;

  constructor(message: string, { alerts, secretsFile, advice }: ConfigErrorFacts = {}) {
    super(message);
    this.alerts = alerts;
    this.secretsFile = secretsFile;
    this.advice = advice;
  }
}

/**
 * Reads and checks the configuration.
 * @throws ConfigError when the file cannot be read or has problems
 */
export async function loadConfig(path: string): Promise<Settings> {
  return parseConfig(path, await textOf(path));
}

/**
 * The same as it is written, with every default filled in.
 * @throws ConfigError as {@link loadConfig} does
 */
export async function loadWholeConfig(path: string): Promise<RawConfig> {
  const { state_dir: stateDir = defaultStateDirectory(), ...whole } = parseWhole(path, await textOf(path));
  return { ...whole, state_dir: stateDir };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const advice = `${isMissing(error) ? 'offsite-rsync init writes one; or name' : 'Correct that, or name'} another file with --config FILE.`;
    throw new ConfigError(`The configuration ${path} ${whyUnread(error)}.`, { advice });
  }
}

/**
 * Checks a configuration's text.
 * @param path its name, for messages
 * @throws ConfigError
 */
export function parseConfig(path: string, text: string): Settings {
  return settingsOf(parseWhole(path, text));
}

function parseWhole(path: string, text: string): RawConfig {
  const parsed = parseYamlConfig<RawConfig>(text, configValidator, checkRules);
  if (!parsed.ok) throw problemsOf(path, parsed);
  return parsed.value;
}

/**
 * Reads the configuration for a command that only reads what is stored. It may lack `jobs`, as on a new machine that has nothing yet but
 * the way to the secondary.
 * @throws ConfigError as {@link loadConfig}
 */
export async function loadForReading(path: string): Promise<Settings> {
  const text = await textOf(path);
  const parsed = parseYamlConfig<RawConfig>(text, configValidator, checkRules);
  if (parsed.ok) return settingsOf(parsed.value);
  // That they are missing is one problem.
  if (parsed.problems.length > 1 || !isWithoutJobs(parsed.value)) throw problemsOf(path, parsed);
  const value: RawConfig = { ...parsed.value, jobs: {} };
  const problems = checkRules(value, () => undefined);
  if (problems.length > 0) throw problemsOf(path, { problems, value });
  return settingsOf(value);
}

/** Whether `jobs` is what is missing; the schema has been applied to everything else. */
function isWithoutJobs(value: unknown): value is Omit<RawConfig, 'jobs'> {
  return typeof value === 'object' && value !== null && 'targets' in value && !('jobs' in value);
}

function problemsOf(path: string, { problems, value }: { problems: readonly ConfigProblem[]; value: unknown }) {
  return new ConfigError(formatProblems(path, problems), salvageAlerts(problems, value));
}

function salvageAlerts(problems: readonly ConfigProblem[], value: unknown) {
  if (typeof value !== 'object' || value === null) return undefined;
  const { alerts, secrets_file: secretsFile } = value as Partial<RawConfig>;
  const broken = problems.some(
    ({ path }) => path === 'alerts' || path.startsWith('alerts.') || path === 'secrets_file',
  );
  return alerts === undefined || broken ? undefined : { alerts, secretsFile };
}

function settingsOf(raw: RawConfig): Settings {
  const { secretsFile, stateDir, runtimeDir, targets, jobs, alerts, metrics } = readAll(CONFIG, raw);
  const allTargets = [...targets.keys()];
  return {
    ...{ secretsFile, alerts, targets },
    stateDirectory: stateDir ?? defaultStateDirectory(),
    runtimeDirectory: runtimeDir,
    jobs: new Map([...jobs].map(([name, job]) => [name, { ...job, targets: job.targets ?? allTargets }])),
    metricsFile: metrics.textfile,
  };
}
