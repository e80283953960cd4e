import type { AlertSettings } from '../../src/notify/settings.ts';
import { parseDuration, parsePercent, parseSize } from '../../src/shared/units.ts';
import type { GateYaml, HoldYaml, HostYaml, JobYaml, RetentionYaml, SecondaryYaml } from './yaml.ts';

/** The secondary's settings, ready for use: durations in milliseconds, sizes in bytes, shares from 0 to 1. */
export interface SecondarySettings {
  /** Snapshots lie in `<root>/<host>/<job>/<id>/`. */
  readonly root: string;
  /** Locks, spool, ledgers and logs lie in `<stateDir>/<host>/`. */
  readonly stateDir: string;
  /** IANA time zone of the retention buckets. */
  readonly timezone: string;
  readonly secretsFile?: string;
  readonly hosts: ReadonlyMap<string, HostSettings>;
  readonly alerts: AlertSettings;
}

/** One primary that may push. */
export interface HostSettings {
  readonly name: string;
  /** The system account it logs in to; owner of its root and its state. */
  readonly account: string;
  readonly secondary: 'gate' | 'rrsync';
  readonly metadata: 'fake_super' | 'plain';
  readonly gate: GateLimits;
  /** How long an attempt without a seal is kept. */
  readonly incompleteLifetimeMs: number;
  readonly jobs: ReadonlyMap<string, JobSettings>;
}

/** One job of a host, with what it inherits from the host filled in. */
export interface JobSettings {
  readonly name: string;
  readonly retention: RetentionSettings;
  readonly hold: HoldSettings;
  readonly expect?: Expectation;
}

/** What the gate allows a host. Counts and intervals hold for each job by itself. */
export interface GateLimits {
  readonly clockSkewMs: number;
  readonly minIntervalMs: number;
  readonly attemptsPerDay: number;
  readonly minFreeBytes: number;
  readonly minFreeInodes: number;
  readonly sessionLimitMs: number;
  /** Most bytes that one push may write, in one file or all. */
  readonly maxSessionBytes?: number;
  /** Silence after which a session ends, where it has nothing to be silent for. */
  readonly timeoutMs: number;
  readonly delta: boolean;
  readonly fuzzy: boolean;
}

/** Retention rules; 0 stands for a rule that was not given. */
export interface RetentionSettings {
  /** At least 1, always. */
  readonly last: number;
  /** Milliseconds. */
  readonly within: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  /** Milliseconds. */
  readonly minAge: number;
}

/** When prune holds instead of deleting. */
export interface HoldSettings {
  /** Share from 0 to 1. */
  readonly shrink: number;
  readonly maxRemovals: number;
  /** Snapshots beyond those that were to be expected, in the time of seven. */
  readonly maxExtra: number;
}

/** When a snapshot is due. */
export interface Expectation {
  /** Cron expression of five fields. */
  readonly schedule: string;
  readonly timezone: string;
  /** Milliseconds. */
  readonly grace: number;
}

/** Hourly snapshots thinned out once a day are 24 removals: an ordinary plan is not held. */
const HOLD_DEFAULTS: HoldSettings = { shrink: 0.5, maxRemovals: 50, maxExtra: 3 };

/**
 * Converts what the schema and the rules accepted.
 * @throws RangeError when it was not accepted: a defect, as every format is checked by the schema
 */
export function toSettings(yaml: SecondaryYaml): SecondarySettings {
  return {
    root: withoutTrailingSlash(yaml.root),
    stateDir: withoutTrailingSlash(yaml.state_dir),
    timezone: yaml.timezone,
    ...(yaml.secrets_file === undefined ? {} : { secretsFile: yaml.secrets_file }),
    hosts: new Map(Object.entries(yaml.hosts).map(([name, host]) => [name, hostSettings(name, host, yaml)])),
    alerts: yaml.alerts,
  };
}

function hostSettings(name: string, host: HostYaml, { timezone }: SecondaryYaml): HostSettings {
  return {
    name,
    account: host.account,
    secondary: host.secondary,
    metadata: host.metadata,
    gate: gateLimits(host.gate),
    incompleteLifetimeMs: duration(host.incomplete.lifetime),
    jobs: new Map(Object.entries(host.jobs).map(([job, own]) => [job, jobSettings(job, own, host, timezone)])),
  };
}

function jobSettings(name: string, job: JobYaml, host: HostYaml, timezone: string): JobSettings {
  const { expect } = job;
  return {
    name,
    // A policy is replaced as a whole: half of one policy and half of another is a policy that nobody wrote.
    retention: retentionSettings(job.retention ?? host.retention ?? {}),
    hold: { ...HOLD_DEFAULTS, ...holdSettings(host.hold), ...holdSettings(job.hold ?? {}) },
    ...(expect === undefined
      ? {}
      : {
          expect: {
            schedule: expect.schedule,
            timezone: expect.timezone ?? timezone,
            grace: duration(expect.grace),
          },
        }),
  };
}

function gateLimits(gate: GateYaml): GateLimits {
  return {
    clockSkewMs: duration(gate.clock_skew),
    minIntervalMs: duration(gate.min_interval),
    attemptsPerDay: gate.attempts_per_day,
    minFreeBytes: checked(parseSize(gate.min_free_space), gate.min_free_space),
    minFreeInodes: gate.min_free_inodes,
    sessionLimitMs: duration(gate.session_limit),
    ...(gate.max_session_bytes === undefined
      ? {}
      : { maxSessionBytes: checked(parseSize(gate.max_session_bytes), gate.max_session_bytes) }),
    timeoutMs: duration(gate.timeout),
    delta: gate.delta,
    fuzzy: gate.fuzzy,
  };
}

/** A policy as {@link RetentionSettings}. @throws RangeError as {@link toSettings} */
export function retentionSettings(policy: RetentionYaml): RetentionSettings {
  return {
    last: policy.last ?? 1,
    within: policy.within === undefined ? 0 : duration(policy.within),
    hourly: policy.hourly ?? 0,
    daily: policy.daily ?? 0,
    weekly: policy.weekly ?? 0,
    monthly: policy.monthly ?? 0,
    yearly: policy.yearly ?? 0,
    minAge: policy.min_age === undefined ? 0 : duration(policy.min_age),
  };
}

function holdSettings(hold: HoldYaml): Partial<HoldSettings> {
  return {
    ...(hold.shrink === undefined ? {} : { shrink: checked(parsePercent(hold.shrink), hold.shrink) }),
    ...(hold.max_removals === undefined ? {} : { maxRemovals: hold.max_removals }),
    ...(hold.max_extra === undefined ? {} : { maxExtra: hold.max_extra }),
  };
}

function duration(text: string): number {
  return checked(parseDuration(text), text);
}

function checked(value: number | undefined, text: string): number {
  if (value === undefined) throw new RangeError(`${text} passed the schema but cannot be read`);
  return value;
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}
