import { readFile } from 'node:fs/promises';
import { isMissing, whyUnread } from '../platform/files.ts';
import type { AlertSettings } from '../notify/settings.ts';
import { parseDuration, parsePercent, parseSize } from '../shared/units.ts';
import { formatProblems, parseYamlConfig, type ConfigProblem } from '../settings/yaml-config.ts';
import { checkRules } from './rules.ts';
import type { RawConfig, RawJob, RawTarget } from './schema.ts';
import type { JobSettings, Settings, TargetSettings } from './settings.ts';
import { configValidator } from './validator.ts';

/** What an error of the configuration carries beside its message. */
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
  /** What to do when nothing is listed that could be corrected; default: the advice of the outcome. */
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
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const advice = `${isMissing(error) ? 'Start from config.example.yaml, or name' : 'Or name'} another file with --config FILE.`;
    throw new ConfigError(`The configuration ${path} ${whyUnread(error)}.`, { advice });
  }
  return parseConfig(path, text);
}

/**
 * Checks a configuration's text.
 * @param path its name, for messages
 * @throws ConfigError
 */
export function parseConfig(path: string, text: string): Settings {
  const parsed = parseYamlConfig<RawConfig>(text, configValidator, checkRules);
  if (!parsed.ok)
    throw new ConfigError(formatProblems(path, parsed.problems), salvageAlerts(parsed.problems, parsed.value));
  return settingsOf(parsed.value);
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
  const targets = Object.entries(raw.targets).map(([name, target]) => [name, targetOf(name, target)] as const);
  const allTargets = Object.keys(raw.targets);
  const jobs = Object.entries(raw.jobs).map(([name, job]) => [name, jobOf(name, job, allTargets)] as const);
  return {
    secretsFile: raw.secrets_file,
    stateDirectory: raw.state_dir,
    runtimeDirectory: raw.runtime_dir,
    targets: new Map(targets),
    jobs: new Map(jobs),
    alerts: raw.alerts,
    metricsFile: raw.metrics.textfile,
  };
}

function targetOf(name: string, raw: RawTarget): TargetSettings {
  return {
    name,
    secondary: raw.secondary,
    metadata: raw.metadata,
    host: raw.host,
    port: raw.port,
    user: raw.user,
    identity: raw.identity,
    knownHosts: raw.known_hosts,
    compress: raw.compress,
    bandwidthLimit: size(raw.bandwidth_limit),
    connectTimeoutMs: duration(raw.connect_timeout),
    ioTimeoutMs: duration(raw.io_timeout),
    stallTimeoutMs: duration(raw.stall_timeout),
    busyTimeoutMs: duration(raw.busy_timeout),
    keepalive: { intervalMs: duration(raw.keepalive.interval), count: raw.keepalive.count },
  };
}

function jobOf(name: string, raw: RawJob, allTargets: readonly string[]): JobSettings {
  return {
    name,
    source: raw.source,
    targets: raw.targets ?? allTargets,
    exclude: raw.exclude,
    oneFileSystem: raw.one_file_system,
    fuzzy: raw.fuzzy,
    deadlineMs: duration(raw.deadline),
    bandwidthLimit: size(raw.bandwidth_limit),
    retry: {
      attempts: raw.retry.attempts,
      delayMs: duration(raw.retry.delay),
      maxDelayMs: duration(raw.retry.max_delay),
    },
    guard: {
      maxAgeMs: raw.guard.max_age === 'off' ? undefined : duration(raw.guard.max_age),
      maxShrink: raw.guard.max_shrink === 'off' ? undefined : parsePercent(raw.guard.max_shrink),
      allowEmpty: raw.guard.allow_empty,
    },
    verify: {
      mode: raw.verify.mode,
      fullSchedule: raw.verify.full_schedule,
      schedule: raw.verify.schedule,
      timezone: raw.verify.timezone,
    },
    expect:
      raw.expect === undefined
        ? undefined
        : { schedule: raw.expect.schedule, timezone: raw.expect.timezone, graceMs: duration(raw.expect.grace) },
  };
}

// The schema has checked the form already.
function duration(text: string): number {
  return parseDuration(text) ?? 0;
}

function size(value: string | number | undefined): number | undefined {
  return typeof value === 'string' ? parseSize(value) : value;
}
