import { camelCase, readAll, type SettingsOf } from '../../src/settings/option.ts';
import { BUCKET_KINDS, type BucketKind } from '../retention/buckets.ts';
import type { RetentionPolicy } from '../retention/policy.ts';
import { RETENTION, SECONDARY, type RetentionYaml, type SecondaryYaml } from './options.ts';

type Read = SettingsOf<typeof SECONDARY>;
type ReadHost = Read['hosts'] extends ReadonlyMap<string, infer Host> ? Host : never;
type ReadJob = ReadHost['jobs'] extends ReadonlyMap<string, infer Job> ? Job : never;

/** The secondary's settings, ready for use: durations in milliseconds, sizes in bytes, shares from 0 to 1. */
export interface SecondarySettings extends Omit<Read, 'version' | 'hosts'>, Pick<SecondaryYaml, 'alerts'> {
  readonly hosts: ReadonlyMap<string, HostSettings>;
}

/** One primary that may push. */
export interface HostSettings extends Omit<ReadHost, 'retention' | 'hold' | 'incomplete' | 'scrub' | 'jobs'> {
  readonly gate: GateLimits;
  /** How long an attempt without a seal is kept. */
  readonly incompleteLifetimeMs: number;
  readonly jobs: ReadonlyMap<string, JobSettings>;
}

/** One job of a host, with what it inherits from the host filled in. */
export interface JobSettings {
  readonly name: string;
  readonly retention: RetentionPolicy;
  readonly hold: HoldSettings;
  readonly expect?: Expectation;
  readonly scrub: ScrubSettings;
  readonly drill?: DrillSettings;
}

/** How what is stored is proven. */
export type ScrubSettings = ReadHost['scrub'];

/** How snapshots are tried out. */
export type DrillSettings = NonNullable<ReadJob['drill']>;

/** What the gate allows a host. Counts and intervals apply to each job separately. */
export type GateLimits = ReadHost['gate'];

/** When prune goes on hold instead of deleting. */
export type HoldSettings = { readonly [K in keyof ReadHost['hold']]-?: NonNullable<ReadHost['hold'][K]> };

/** When a snapshot is due. */
export interface Expectation {
  /** Cron expression of five fields. */
  readonly schedule: string;
  readonly timezone: string;
  /** Milliseconds. */
  readonly grace: number;
}

/** Hourly snapshots that are thinned out once a day make 24 removals, and such an ordinary plan must not be held. */
const HOLD_DEFAULTS: HoldSettings = { shrink: 0.5, maxRemovals: 50, maxExtra: 3, churn: 0.4 };

/**
 * Converts what the schema and the rules accepted.
 * @throws RangeError when it was not accepted, which is a bug, because the schema checks every format
 */
export function toSettings(yaml: SecondaryYaml): SecondarySettings {
  const { version: _, hosts, ...settings } = readAll(SECONDARY, yaml);
  const ready = [...hosts].map(([name, host]) => [name, hostSettings(host, settings.timezone)] as const);
  return { ...settings, alerts: yaml.alerts, hosts: new Map(ready) };
}

function hostSettings(host: ReadHost, timezone: string): HostSettings {
  const { retention: _, hold: __, scrub: ___, incomplete, jobs, ...settings } = host;
  const ready = [...jobs].map(([name, job]) => [name, jobSettings(job, host, timezone)] as const);
  return { ...settings, incompleteLifetimeMs: incomplete.lifetimeMs, jobs: new Map(ready) };
}

function jobSettings(job: ReadJob, host: ReadHost, timezone: string): JobSettings {
  const { name, retention, hold, expect, scrub, drill } = job;
  const own = retention ?? host.retention;
  if (own === undefined) throw new RangeError(`${name} has no retention, and the rules let that pass`);
  return {
    name,
    // A policy is replaced as a whole: half of one policy and half of another is a policy that nobody wrote.
    retention: policyOf(own),
    hold: { ...HOLD_DEFAULTS, ...given(host.hold), ...given(hold ?? {}) },
    ...(expect === undefined
      ? {}
      : {
          expect: { schedule: expect.schedule, timezone: expect.timezone ?? timezone, grace: expect.graceMs },
        }),
    scrub: { ...host.scrub, ...given(scrub ?? {}) },
    ...(drill === undefined ? {} : { drill }),
  };
}

/** A policy as it is written, ready for use. @throws RangeError as {@link toSettings} */
export function retentionSettings(policy: RetentionYaml): RetentionPolicy {
  return policyOf(readAll(RETENTION, policy));
}

function policyOf({ last, withinMs, minAgeMs, ...counts }: SettingsOf<typeof RETENTION>): RetentionPolicy {
  const read: Readonly<Record<string, number>> = counts;
  const buckets = Object.fromEntries(BUCKET_KINDS.map((kind) => [kind, read[camelCase(kind)] ?? 0])) as Record<
    BucketKind,
    number
  >;
  return { ...buckets, last: last ?? 1, within: withinMs, minAge: minAgeMs };
}

/** Drops the keys that were left out, because they would hide what is inherited. */
function given<T extends object>(settings: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
