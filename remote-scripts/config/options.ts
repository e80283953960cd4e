import type { AlertSettings } from '../../src/notify/settings.ts';
import {
  choice,
  directory,
  duration,
  flag,
  group,
  integer,
  named,
  ofSchema,
  optionalGroup,
  path,
  share,
  size,
  timezone,
} from '../../src/settings/kinds.ts';
import type { Option, WrittenOf } from '../../src/settings/option.ts';
import { BUCKET_KINDS, BUCKETS, type BucketKind } from '../retention/buckets.ts';

/** Largest number of snapshots that a rule may name: a typing error of three zeros should not pass. */
const SNAPSHOT_COUNT_MAX = 100_000;

const count = integer({ minimum: 0, maximum: SNAPSHOT_COUNT_MAX });
const oneOrMore = integer({ minimum: 1, maximum: SNAPSHOT_COUNT_MAX });

const buckets = Object.fromEntries(
  BUCKET_KINDS.map((kind) => {
    const { plural, example } = BUCKETS[kind];
    return [kind, count.byDefault(0, `Of so many of the newest ${plural} the first snapshot is kept.`, example)];
  }),
) as Readonly<Record<BucketKind, Option<number, number, 'default', ''>>>;

/** Which sealed snapshots prune keeps. */
export const RETENTION = {
  last: oneOrMore.optional('The newest sealed snapshots, always kept; at least 1.', 3),
  within: duration.byDefault('0s', 'Every snapshot that arrived within this time before the newest is kept.', '2d'),
  ...buckets,
  min_age: duration.byDefault('0s', 'Nothing younger than this is removed, whatever the other rules say.', '1d'),
};

const HOLD = {
  shrink: share.optional('The newest is smaller than the median of the seven before by more than this.', '50%'),
  max_removals: oneOrMore.optional('One plan would remove more snapshots than this.', 50),
  max_extra: oneOrMore.optional(
    'In the time in which seven snapshots were to be expected (by expect, or by what arrived before), more than this arrived beyond them.',
    3,
  ),
};

const EXPECT = {
  schedule: ofSchema<string>({ type: 'string', minLength: 1 }).required(
    'Cron, five fields: a time of day is due once a day also where clocks are changed; an hour field that begins with a star follows the time that goes by.',
    '15 2 * * *',
  ),
  timezone: timezone.optional('Of the schedule; default: the timezone above.', 'Europe/Berlin'),
  grace: duration.byDefault('2h', 'How late a snapshot may be.'),
};

const GATE = {
  clock_skew: duration.byDefault('10m', 'How far a new id may lie from the clock of this machine.'),
  min_interval: duration.byDefault('0s', 'Least time between two attempts of one job.'),
  attempts_per_day: integer({ minimum: 1, maximum: 1000 }).byDefault(200, 'Attempts of one job in any 24 hours.'),
  min_free_space: size.byDefault('1GiB', 'No push begins, and none goes on, with less space free.'),
  min_free_inodes: integer({ minimum: 0 }).byDefault(
    10_000,
    'No push begins, and none goes on, with fewer inodes free.',
  ),
  session_limit: duration.byDefault('24h', 'Longest time of one session, by the clock on the wall.'),
  max_session_bytes: size.optional(
    'Most that one push may write, in one file or all; without it, the space that is free.',
    '2TiB',
  ),
  timeout: duration.byDefault(
    '10m',
    'A session ends after this long without a byte, unless the client is reading files for their checksums.',
  ),
  delta: flag.byDefault(true, 'Send only what changed inside files.'),
  fuzzy: flag.byDefault(true, 'Look for a basis under another name.'),
};

const INCOMPLETE = {
  lifetime: duration.byDefault('7d', 'How long an attempt without a seal is kept as a basis.'),
};

const retention = optionalGroup(
  RETENTION,
  'Which sealed snapshots prune keeps; a snapshot that any rule keeps stays. The one of a job replaces that of its host as a whole.',
);
const whenHeld = 'When prune stops and tells someone instead of deleting.';

const JOB = {
  retention,
  hold: optionalGroup(HOLD, whenHeld),
  expect: optionalGroup(EXPECT, 'When a snapshot is due; prune tells someone when it is missing.'),
};

const HOST = {
  account: ofSchema<string>({ type: 'string', pattern: '^[a-z_][a-z0-9_-]{0,31}$' }).required(
    'The system account that the primary logs in to.',
    'offsite-web1',
  ),
  secondary: choice(['gate', 'rrsync']).byDefault('gate', 'What stands behind the forced command.'),
  metadata: choice(['fake_super', 'plain']).byDefault(
    'fake_super',
    'fake_super keeps owners and modes in an xattr; plain where the file system has none.',
  ),
  gate: group(GATE, 'What the gate allows this host, per job where it counts something.'),
  retention,
  hold: group(HOLD, whenHeld),
  incomplete: group(INCOMPLETE, 'Attempts that ended without a seal.'),
  jobs: named(JOB, 'The jobs this host may push. What is not listed is refused.', 'postgres'),
};

/**
 * The secondary's configuration: every option but `alerts`, once. Schema, types, defaults and settings follow from it. The
 * schema adds `alerts` (schema.ts): the gate reads settings, and must not hold the code that sends.
 */
export const SECONDARY = {
  version: ofSchema<1>({ const: 1 }).required('Of the form of this file.', 1),
  root: directory.required('Snapshots: <root>/<host>/<job>/<id>/.', '/srv/offsite'),
  state_dir: directory.byDefault(
    '/var/lib/offsite-rsync',
    'State of gate and prune: <state_dir>/<host>/; outside of root.',
  ),
  timezone: timezone.byDefault('UTC', 'Of days, weeks, months and years.', 'Europe/Berlin'),
  secrets_file: path.optional('Secrets that alerts refer to by { env }.', '/etc/offsite-rsync/secondary.secrets'),
  hosts: named(HOST, 'The primaries that may push, each under its name.', 'web1'),
};

/** What stands in `secondary.yaml` once the schema has accepted it; defaults are filled in. */
export type SecondaryYaml = WrittenOf<typeof SECONDARY> & { readonly alerts: AlertSettings };
export type HostYaml = WrittenOf<typeof HOST>;
export type RetentionYaml = WrittenOf<typeof RETENTION>;
