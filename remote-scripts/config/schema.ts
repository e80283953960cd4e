import { alerts } from '../../src/notify/settings.ts';

/** Largest number of snapshots that a rule may name: a typing error of three zeros should not pass. */
const SNAPSHOT_COUNT_MAX = 100_000;

// Types, defaults and descriptions of the settings stand here and nowhere else.
const count = (description: string) =>
  ({ type: 'integer', minimum: 0, maximum: SNAPSHOT_COUNT_MAX, description }) as const;
const duration = (description: string) => ({ type: 'string', format: 'duration', description }) as const;

const retention = {
  type: 'object',
  additionalProperties: false,
  description: 'Which sealed snapshots prune keeps; a snapshot that any rule keeps stays.',
  properties: {
    last: { ...count('The newest sealed snapshots, always kept; at least 1.'), minimum: 1 },
    within: duration('Every snapshot that arrived within this time before the newest is kept.'),
    hourly: count('Hours of which the first snapshot is kept.'),
    daily: count('Days of which the first snapshot is kept.'),
    weekly: count('ISO weeks of which the first snapshot is kept.'),
    monthly: count('Months of which the first snapshot is kept.'),
    yearly: count('Years of which the first snapshot is kept.'),
    min_age: duration('Nothing younger than this is removed, whatever the other rules say.'),
  },
} as const;

const hold = {
  type: 'object',
  additionalProperties: false,
  description: 'When prune stops and tells someone instead of deleting.',
  properties: {
    shrink: { type: 'string', format: 'percent', description: 'The newest snapshot shrank by more than this.' },
    max_removals: { ...count('One plan would remove more snapshots than this.'), minimum: 1 },
    max_extra: {
      ...count(
        'In the time in which seven snapshots were to be expected (by expect, or by what arrived before), more than this arrived beyond them.',
      ),
      minimum: 1,
    },
  },
} as const;

const expect = {
  type: 'object',
  additionalProperties: false,
  required: ['schedule'],
  description: 'When a snapshot is due; prune tells someone when it is missing.',
  properties: {
    schedule: {
      type: 'string',
      minLength: 1,
      description:
        'Cron, five fields: a time of day is due once a day also where clocks are changed; an hour field that begins with a star follows the time that goes by.',
    },
    timezone: { type: 'string', format: 'timezone', description: 'Of the schedule; default: the timezone above.' },
    grace: { ...duration('How late a snapshot may be.'), default: '2h' },
  },
} as const;

const gate = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'What the gate allows this host, per job where it counts something.',
  properties: {
    clock_skew: { ...duration('How far a new id may lie from the clock of this machine.'), default: '10m' },
    min_interval: { ...duration('Least time between two attempts of one job.'), default: '0s' },
    attempts_per_day: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 200,
      description: 'Attempts of one job in any 24 hours.',
    },
    min_free_space: {
      type: 'string',
      format: 'size',
      default: '1GiB',
      description: 'No push begins, and none goes on, with less space free.',
    },
    min_free_inodes: {
      type: 'integer',
      minimum: 0,
      default: 10_000,
      description: 'No push begins, and none goes on, with fewer inodes free.',
    },
    session_limit: { ...duration('Longest time of one session, by the clock on the wall.'), default: '24h' },
    max_session_bytes: {
      type: 'string',
      format: 'size',
      description: 'Most that one push may write, in one file or all; without it, the space that is free.',
    },
    timeout: {
      ...duration(
        'A session ends after this long without a byte, unless the client is reading files for their checksums.',
      ),
      default: '10m',
    },
    delta: { type: 'boolean', default: true, description: 'Send only what changed inside files.' },
    fuzzy: { type: 'boolean', default: true, description: 'Look for a basis under another name.' },
  },
} as const;

const job = {
  type: 'object',
  additionalProperties: false,
  properties: { retention, hold, expect },
} as const;

const host = {
  type: 'object',
  additionalProperties: false,
  required: ['account', 'jobs'],
  properties: {
    account: {
      type: 'string',
      pattern: '^[a-z_][a-z0-9_-]{0,31}$',
      description: 'The system account that the primary logs in to.',
    },
    secondary: { enum: ['gate', 'rrsync'], default: 'gate', description: 'What stands behind the forced command.' },
    metadata: {
      enum: ['fake_super', 'plain'],
      default: 'fake_super',
      description: 'fake_super keeps owners and modes in an xattr; plain where the file system has none.',
    },
    gate,
    retention,
    hold: { ...hold, default: {} },
    incomplete: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        lifetime: { ...duration('How long an attempt without a seal is kept as a basis.'), default: '7d' },
      },
    },
    jobs: {
      type: 'object',
      minProperties: 1,
      propertyNames: { format: 'name' },
      additionalProperties: job,
      description: 'The jobs this host may push. What is not listed is refused.',
    },
  },
} as const;

/** JSON Schema (draft 7) of the secondary's YAML. */
export const secondarySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'root', 'hosts'],
  properties: {
    version: { const: 1 },
    root: { type: 'string', format: 'absolute-path', description: 'Snapshots: <root>/<host>/<job>/<id>/.' },
    state_dir: {
      type: 'string',
      format: 'absolute-path',
      default: '/var/lib/offsite-rsync',
      description: 'State of gate and prune: <state_dir>/<host>/; outside of root.',
    },
    timezone: {
      type: 'string',
      format: 'timezone',
      default: 'UTC',
      description: 'Of days, weeks, months and years.',
    },
    secrets_file: {
      type: 'string',
      format: 'absolute-path',
      description: 'Secrets that alerts refer to by { env }.',
    },
    hosts: {
      type: 'object',
      minProperties: 1,
      propertyNames: { format: 'name' },
      additionalProperties: host,
    },
    alerts: alerts.schema,
  },
} as const;
