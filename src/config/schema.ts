import { alertSettingsSchema, type AlertSettings } from '../notify/settings.ts';
import { secretReferenceSchema, type SecretReference } from '../shared/secret-reference.ts';

/** The value of the YAML file after validation: defaults are filled in, units are still as people write them. */
export interface RawConfig {
  readonly version: 1;
  readonly secrets_file?: string;
  readonly state_dir: string;
  readonly runtime_dir?: string;
  readonly targets: Readonly<Record<string, RawTarget>>;
  readonly jobs: Readonly<Record<string, RawJob>>;
  readonly alerts: AlertSettings;
  readonly metrics: { readonly textfile?: string };
}

export interface RawTarget {
  readonly secondary: 'gate' | 'rrsync';
  readonly metadata: 'fake_super' | 'plain';
  readonly host: SecretReference;
  readonly port?: SecretReference;
  readonly user: SecretReference;
  readonly identity: SecretReference;
  readonly known_hosts: SecretReference;
  readonly compress: boolean;
  readonly bandwidth_limit?: string | number;
  readonly connect_timeout: string;
  readonly io_timeout: string;
  readonly stall_timeout: string;
  readonly busy_timeout: string;
  readonly keepalive: { readonly interval: string; readonly count: number };
}

export interface RawJob {
  readonly source: string;
  readonly targets?: readonly string[];
  readonly exclude: readonly string[];
  readonly one_file_system: boolean;
  readonly fuzzy: 'auto' | 'always' | 'never';
  readonly deadline: string;
  readonly bandwidth_limit?: string | number;
  readonly retry: { readonly attempts: number; readonly delay: string; readonly max_delay: string };
  readonly guard: { readonly max_age: string; readonly max_shrink: string; readonly allow_empty: boolean };
  readonly verify: {
    readonly mode: 'full' | 'changed';
    readonly full_schedule: string;
    readonly schedule?: string;
    readonly timezone: string;
  };
  readonly expect?: { readonly schedule: string; readonly timezone: string; readonly grace: string };
}

const path = { type: 'string', format: 'absolute-path' } as const;
const duration = (value: string) => ({ type: 'string', format: 'duration', default: value }) as const;
const rate = { type: ['string', 'integer'], format: 'size', minimum: 1024 } as const;

const targetSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['host', 'user', 'identity', 'known_hosts'],
  properties: {
    secondary: { type: 'string', enum: ['gate', 'rrsync'], default: 'gate' },
    metadata: { type: 'string', enum: ['fake_super', 'plain'], default: 'fake_super' },
    host: secretReferenceSchema,
    port: secretReferenceSchema,
    user: secretReferenceSchema,
    identity: secretReferenceSchema,
    known_hosts: secretReferenceSchema,
    compress: { type: 'boolean', default: true },
    bandwidth_limit: rate,
    connect_timeout: duration('20s'),
    io_timeout: duration('5m'),
    stall_timeout: duration('15m'),
    busy_timeout: duration('20m'),
    keepalive: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { interval: duration('15s'), count: { type: 'integer', minimum: 1, maximum: 100, default: 4 } },
    },
  },
} as const;

const jobSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['source'],
  properties: {
    source: path,
    targets: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string' } },
    exclude: { type: 'array', items: { type: 'string', minLength: 1 }, default: [] },
    one_file_system: { type: 'boolean', default: false },
    fuzzy: { type: 'string', enum: ['auto', 'always', 'never'], default: 'auto' },
    deadline: duration('12h'),
    bandwidth_limit: rate,
    retry: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        attempts: { type: 'integer', minimum: 1, maximum: 100, default: 4 },
        delay: duration('30s'),
        max_delay: duration('10m'),
      },
    },
    guard: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        max_age: { type: 'string', format: 'duration-or-off', default: '26h' },
        max_shrink: { type: 'string', format: 'percent-or-off', default: '50%' },
        allow_empty: { type: 'boolean', default: false },
      },
    },
    verify: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        mode: { type: 'string', enum: ['full', 'changed'], default: 'full' },
        full_schedule: { type: 'string', format: 'cron', default: '0 0 * * 0' },
        schedule: { type: 'string', format: 'cron' },
        timezone: { type: 'string', format: 'timezone', default: 'UTC' },
      },
    },
    expect: {
      type: 'object',
      additionalProperties: false,
      required: ['schedule'],
      properties: {
        schedule: { type: 'string', format: 'cron' },
        timezone: { type: 'string', format: 'timezone', default: 'UTC' },
        grace: duration('1h'),
      },
    },
  },
} as const;

/** JSON Schema of the primary's configuration, with every default. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'targets', 'jobs'],
  properties: {
    version: { type: 'integer', const: 1 },
    secrets_file: path,
    state_dir: { ...path, default: '/var/lib/offsite-rsync' },
    runtime_dir: path,
    targets: {
      type: 'object',
      minProperties: 1,
      propertyNames: { format: 'name' },
      additionalProperties: targetSchema,
    },
    jobs: { type: 'object', minProperties: 1, propertyNames: { format: 'name' }, additionalProperties: jobSchema },
    alerts: alertSettingsSchema,
    metrics: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { textfile: path },
    },
  },
} as const;
