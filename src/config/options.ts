import { alerts } from '../notify/settings.ts';
import {
  choice,
  choicesOrNone,
  cron,
  duration,
  durationOrOff,
  flag,
  group,
  integer,
  list,
  named,
  ofSchema,
  optionalGroup,
  path,
  rate,
  secret,
  shareOrOff,
  timezone,
} from '../settings/kinds.ts';
import { dumpChecks } from '../shared/dump-checks.ts';
import { verifyModes } from '../shared/verify-mode.ts';
import type { WrittenOf } from '../settings/option.ts';

const checks = choicesOrNone(dumpChecks);

const KEEPALIVE = {
  interval: duration.byDefault('15s', 'Silence after which ssh asks whether the other side is still there.'),
  count: integer({ minimum: 1, maximum: 100 }).byDefault(
    4,
    'Unanswered questions after which the line counts as dead.',
  ),
};

/** One named secondary. Its endpoint is given by reference only. */
export const TARGET = {
  secondary: choice(['gate', 'rrsync']).byDefault(
    'gate',
    'What guards it. gate: our forced command, so that this host can only add. rrsync: any host with rsync; restricted to a directory, but not append-only.',
  ),
  metadata: choice(['fake_super', 'plain']).byDefault(
    'fake_super',
    'fake_super: owners and modes are kept in extended attributes. plain: for file systems without user xattrs; contents, times and symlinks only.',
  ),
  host: secret.required('Host name or address.', { env: 'VAULT_HOST' }),
  port: secret.optional('Port of sshd; 22 where the variable is not set.', { env: 'VAULT_PORT' }),
  user: secret.required('The account there.', { env: 'VAULT_USER' }),
  identity: secret.required('Private ssh key; or the public key of one that the agent holds.', {
    file: '/etc/offsite-rsync/vault.key',
  }),
  passphrase: secret.optional('Passphrase of the key, or PIN of a hardware key.', { credential: 'vault-passphrase' }),
  certificate: secret.optional('Certificate of the key, as ssh-keygen -s writes it.', {
    file: '/etc/offsite-rsync/vault.key-cert.pub',
  }),
  agent: secret.optional('Path of the socket of an ssh agent that holds the key.', { env: 'SSH_AUTH_SOCK' }),
  read_identity: secret.optional(
    'Private ssh key that may list and read, for restores. Keep it away from this host in normal times; list --identity FILE does without.',
    { file: '/root/offsite-read.key' },
  ),
  known_hosts: secret.required("The secondary's host key, as ssh-keyscan prints it.", {
    file: '/etc/offsite-rsync/vault.known_hosts',
  }),
  proxy_jump: secret.optional(
    'A host on the way, [USER@]HOST[:PORT]: it takes the same key, and known_hosts has its key too.',
    { env: 'VAULT_JUMP' },
  ),
  compress: flag.byDefault(true, 'Compress what is sent; turn it off where the line is faster than the CPU.'),
  bandwidth_limit: rate.optional('Bytes per second, for every job to this target.', '20MiB'),
  connect_timeout: duration.byDefault('20s', 'How long a connection may take.'),
  io_timeout: duration.byDefault('5m', 'The line counts as dead after so long without any data.'),
  stall_timeout: duration.byDefault(
    '15m',
    'A session, or the walk of the source, is ended after so long without a file, a byte or any computing; never less than io_timeout.',
  ),
  busy_timeout: duration.byDefault('20m', 'How long to wait for a secondary that is still busy with another session.'),
  keepalive: group(KEEPALIVE, 'ssh notices a dead line after interval × count.'),
};

const RETRY = {
  attempts: integer({ minimum: 1, maximum: 100 }).byDefault(4, 'Attempts in all.'),
  delay: duration.byDefault('30s', 'Wait before the second attempt; it doubles for each further one.'),
  max_delay: duration.byDefault('10m', 'The longest wait.'),
};

const GUARD = {
  max_age: durationOrOff.byDefault('26h', 'The newest file must be younger; off for sources that rarely change.'),
  max_shrink: shareOrOff.byDefault(
    '50%',
    'The source must not have shrunk by more than this since the last sealed snapshot; or off.',
  ),
  allow_empty: flag.byDefault(false, 'Whether a source without any content is sent.'),
  check: checks.byDefault(
    ['ends'],
    'Whether new dumps are whole. ends: their first and last bytes. full: read them all too, each by the program of its format. [] for neither.',
  ),
};

const VERIFY = {
  mode: choice(verifyModes).byDefault(
    'full',
    'full: after each push, compare everything. content: every byte, but owners and modes only of what may have changed. changed: what was sent. The latter two compare everything by full_schedule.',
  ),
  full_schedule: cron.byDefault('0 0 * * 0', 'With mode: content or changed, when a full pass is due (cron).'),
  schedule: cron.optional(
    'When a timer verifies the newest snapshot (cron); without it, `units` writes no such timer.',
    '30 4 * * 6',
  ),
  timezone: timezone.byDefault('UTC', 'The time zone of both schedules.'),
};

const EXPECT = {
  schedule: cron.required('When a sealed snapshot is due (cron).', '15 2 * * *'),
  timezone: timezone.byDefault('UTC', 'The time zone of the schedule.', 'Europe/Berlin'),
  grace: duration.byDefault('1h', 'How late it may be.', '3h'),
};

/** One source directory that is sent off-site. */
export const JOB = {
  source: path.required(
    'The directory whose content is sent off-site after the local backup has succeeded.',
    '/var/backups/postgres',
  ),
  targets: ofSchema<readonly string[]>({
    ...{ type: 'array', minItems: 1, uniqueItems: true },
    items: { type: 'string' },
  }).optional('Where to send it; needed only if there is more than one target.', ['vault']),
  parallel: flag.byDefault(false, 'Send to all targets at the same time, not one after the other.'),
  exclude: list({}).byDefault([], 'What is not sent: rsync patterns; a leading slash means the top of the source.', [
    '*.tmp',
    '/lost+found',
  ]),
  one_file_system: flag.byDefault(false, 'Do not send other file systems that are mounted below the source.'),
  fuzzy: choice(['auto', 'always', 'never']).byDefault(
    'auto',
    'Whether a file with a new name (a dump with its date) is sent as the difference from a similar one; auto: unless there are too many.',
  ),
  deadline: duration.byDefault('12h', 'How long all attempts together may take.'),
  bandwidth_limit: rate.optional("Bytes per second; the stricter of this limit and the target's applies.", '5MiB'),
  retry: group(RETRY, 'Only for failures that may pass by themselves.'),
  guard: group(GUARD, 'What a source must look like to be sent.'),
  verify: group(VERIFY, 'How a snapshot is verified.'),
  expect: optionalGroup(EXPECT, 'When a sealed snapshot is due: status, metrics and alerts say when it is missing.'),
};

const METRICS = {
  textfile: path.optional(
    "File for node_exporter's textfile collector, written after every run and by status --alert; ends in .prom.",
    '/var/lib/prometheus/node-exporter/offsite-rsync.prom',
  ),
};

/** The primary's configuration: every option, once. Schema, types, defaults and settings follow from it. */
export const CONFIG = {
  version: ofSchema<1>({ type: 'integer', const: 1 }).required('The version of the format of this file.', 1),
  secrets_file: path.optional(
    'A file of lines KEY=value, with mode 0600; not needed if every secret is a file, a credential or a real environment variable.',
    '/etc/offsite-rsync/secrets.env',
  ),
  state_dir: path.optional(
    'History, and what the next run needs to know; default: as root /var/lib/offsite-rsync, otherwise ~/.local/state/offsite-rsync ($XDG_STATE_HOME).',
    '/var/lib/offsite-rsync',
  ),
  runtime_dir: path.optional(
    'Private files of a run (ssh configuration, control socket); default: $RUNTIME_DIRECTORY, or as root /run/offsite-rsync.',
    '/run/offsite-rsync',
  ),
  targets: named(TARGET, 'The secondaries, each under the name that messages use for it.', 'vault'),
  jobs: named(JOB, 'What is sent off-site, each job under its own name.', 'postgres'),
  alerts,
  metrics: group(METRICS, 'Figures for Prometheus.'),
};

/** The content of the file after validation: defaults are filled in, units are still as people write them. */
export type RawConfig = WrittenOf<typeof CONFIG>;

/** One job of {@link RawConfig}. */
export type RawJob = WrittenOf<typeof JOB>;
