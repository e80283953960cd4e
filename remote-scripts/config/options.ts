import type { AlertSettings } from '../../src/notify/settings.ts';
import {
  choice,
  commandLine,
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

/** Largest number of snapshots in a rule, so that three zeros too many are noticed. */
const SNAPSHOT_COUNT_MAX = 100_000;

const count = integer({ minimum: 0, maximum: SNAPSHOT_COUNT_MAX });
const oneOrMore = integer({ minimum: 1, maximum: SNAPSHOT_COUNT_MAX });

const buckets = Object.fromEntries(
  BUCKET_KINDS.map((kind) => {
    const { plural, example } = BUCKETS[kind];
    return [kind, count.byDefault(0, `How many of the newest ${plural} keep their first snapshot.`, example)];
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
  shrink: share.optional(
    'The newest snapshot is smaller than the median of the seven before it, by more than this.',
    '50%',
  ),
  max_removals: oneOrMore.optional('One plan would remove more snapshots than this.', 50),
  max_extra: oneOrMore.optional(
    'In the time in which seven snapshots were expected (by expect, or by what arrived before), more than this many extra ones arrived.',
    3,
  ),
  churn: share.optional(
    'More than this share of what there was before, and more than three times what is usual, was rewritten in one snapshot; 100%: never.',
    '40%',
  ),
};

const EXPECT = {
  schedule: ofSchema<string>({ type: 'string', minLength: 1 }).required(
    'Five cron fields. A time of day is due once a day, even when the clocks change; an hour field that begins with a star counts elapsed hours.',
    '15 2 * * *',
  ),
  timezone: timezone.optional('The time zone of the schedule; default: the timezone of this file.', 'Europe/Berlin'),
  grace: duration.byDefault('2h', 'How late a snapshot may be.'),
};

const GATE = {
  clock_skew: duration.byDefault('10m', 'How far a new id may be from the clock of this machine.'),
  min_interval: duration.byDefault('0s', 'Shortest time between two attempts of one job.'),
  attempts_per_day: integer({ minimum: 1, maximum: 1000 }).byDefault(200, 'Attempts of one job in any 24 hours.'),
  min_free_space: size.byDefault('1GiB', 'With less free space than this, no push begins, and a running one is ended.'),
  min_free_inodes: integer({ minimum: 0 }).byDefault(
    10_000,
    'With fewer free inodes than this, no push begins, and a running one is ended.',
  ),
  session_limit: duration.byDefault('24h', 'Longest duration of one session, in wall-clock time.'),
  max_session_bytes: size.optional(
    'The most that one push may write, in one file or in all; default: the free space.',
    '2TiB',
  ),
  timeout: duration.byDefault(
    '10m',
    'A session ends after this long without a byte, unless the client is reading files for their checksums.',
  ),
  delta: flag.byDefault(true, 'Allow sending only what changed inside a file.'),
  fuzzy: flag.byDefault(true, 'Allow looking for a similar file under another name as the basis.'),
};

const METRICS = {
  textfile: path.optional(
    "File for node_exporter's textfile collector, written by every check; ends in .prom. {host} stands for the name of the host: each has a file of its own.",
    '/var/lib/offsite-metrics/{host}/offsite.prom',
  ),
};

const INCOMPLETE = {
  lifetime: duration.byDefault('7d', 'How long an attempt without a seal is kept as a basis.'),
};

const EVERY = 'In this time everything that is stored is read once, a share each day.';

const SCRUB = {
  every: duration.byDefault('30d', EVERY),
  rate: size.optional(
    'The most that is read in a second; default: what the disk gives when nobody else wants it.',
    '50MiB',
  ),
};

const JOB_SCRUB = { ...SCRUB, every: duration.optional(EVERY, '30d') };

const DRILL = {
  every: duration.byDefault('7d', 'How often the newest sealed snapshot, and an older one by turns, is tried out.'),
  checks: choice(['auto', 'none']).byDefault(
    'auto',
    'auto: every dump in it is read by the program of its format, as far as that is installed here.',
  ),
  command: commandLine.optional(
    'A program of your own, without a shell. It gets {snapshot} and {scratch}, an empty directory, as words or as OFFSITE_SNAPSHOT and OFFSITE_SCRATCH.',
    ['/usr/local/sbin/try-restore', '{snapshot}', '{scratch}'],
  ),
  timeout: duration.byDefault('6h', 'How long the checks and the command may take for one snapshot.'),
};

const retention = optionalGroup(
  RETENTION,
  'Which sealed snapshots prune keeps; a snapshot stays if any rule keeps it. The retention of a job replaces that of its host as a whole.',
);
const whenHeld = 'When prune stops and tells someone instead of deleting.';

const JOB = {
  retention,
  hold: optionalGroup(HOLD, whenHeld),
  expect: optionalGroup(EXPECT, 'When a snapshot is due; prune tells someone when it is missing.'),
  scrub: optionalGroup(JOB_SCRUB, 'What offsite-scrub does otherwise than for the other jobs of the host.'),
  drill: optionalGroup(DRILL, 'Whether snapshots are tried out regularly; without it, none is.'),
};

const HOST = {
  account: ofSchema<string>({ type: 'string', pattern: '^[a-z_][a-z0-9_-]{0,31}$' }).required(
    'The system account that the primary logs in to.',
    'offsite-web1',
  ),
  secondary: choice(['gate', 'rrsync']).byDefault('gate', 'Whether the forced command is our gate, or rrsync alone.'),
  metadata: choice(['fake_super', 'plain']).byDefault(
    'fake_super',
    'fake_super: owners and modes are kept in an xattr. plain: for file systems without xattrs.',
  ),
  gate: group(GATE, 'What the gate allows this host; where it counts, it counts per job.'),
  retention,
  hold: group(HOLD, whenHeld),
  incomplete: group(INCOMPLETE, 'Attempts that ended without a seal.'),
  scrub: group(SCRUB, 'How offsite-scrub proves that what is stored still has the bytes that were sealed.'),
  jobs: named(JOB, 'The jobs this host may push. What is not listed is refused.', 'postgres'),
};

/**
 * The secondary's configuration: every option but `alerts`, once. Schema, types, defaults and settings follow from it.
 * The schema adds `alerts` (schema.ts), because the gate reads settings and must not contain the code that sends.
 */
export const SECONDARY = {
  version: ofSchema<1>({ const: 1 }).required('The version of the format of this file.', 1),
  root: directory.required('Snapshots: <root>/<host>/<job>/<id>/.', '/srv/offsite'),
  state_dir: directory.byDefault(
    '/var/lib/offsite-rsync',
    'State of gate and prune: <state_dir>/<host>/; outside of root.',
  ),
  timezone: timezone.byDefault(
    'UTC',
    'The time zone in which days, weeks and everything longer begin and end.',
    'Europe/Berlin',
  ),
  secrets_file: path.optional('Secrets that alerts refer to by { env }.', '/etc/offsite-rsync/secondary.secrets'),
  metrics: group(METRICS, 'Figures for Prometheus.'),
  hosts: named(HOST, 'The primaries that may push, each under its own name.', 'web1'),
};

/** The content of `secondary.yaml` after validation; defaults are filled in. */
export type SecondaryYaml = WrittenOf<typeof SECONDARY> & { readonly alerts: AlertSettings };
export type HostYaml = WrittenOf<typeof HOST>;
export type JobYaml = WrittenOf<typeof JOB>;
export type RetentionYaml = WrittenOf<typeof RETENTION>;
