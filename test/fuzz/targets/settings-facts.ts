import type { SecondaryYaml, RetentionYaml } from '../../../remote-scripts/config/options.ts';
import type { RawConfig } from '../../../src/config/options.ts';
import { must } from '../target.ts';
import * as is from './facts.ts';

/*
 * What both configurations look like when they have been accepted, written down a second time and on purpose not taken from their options: a
 * check that allows more than it should must not allow it here as well. An option that is new belongs here too.
 */

const SECOND = 1000;
const DAY = 86_400_000;

const guards = {
  secondary: is.oneOf('gate', 'rrsync'),
  metadata: is.oneOf('fake_super', 'plain'),
};

const EVENTS = ['success', 'failure', 'recovery', 'warning', 'stale'];
const url = is.reference;

const CHANNELS: Readonly<Record<string, Readonly<Record<string, is.Fact>>>> = {
  webhook: { url, 'token?': is.reference, preset: is.oneOf('generic', 'slack', 'mattermost', 'teams', 'discord') },
  ntfy: { url, 'token?': is.reference, priority: is.oneOf('min', 'low', 'default', 'high', 'max') },
  gotify: { url, token: is.reference, priority: is.whole(0, 10) },
  apprise: { url, 'tag?': is.text(/./s), 'urls?': is.reference },
  pushover: { token: is.reference, user: is.reference, priority: is.oneOf('normal', 'high', 'emergency'), 'url?': url },
  pagerduty: { routing_key: is.reference, 'url?': url },
  ping: { url, send_log: is.flag },
  uptime_kuma: { url },
  email: {
    ...{ host: is.reference, 'port?': is.reference, tls: is.oneOf('starttls', 'implicit', 'none') },
    ...{ 'user?': is.reference, 'password?': is.reference, from: is.reference, to: is.reference },
  },
  sendmail: { program: is.path, 'from?': is.reference, to: is.reference },
  command: { command: is.list(is.text(/^/), 1), env: is.named(is.reference, { least: 0, name: /^[A-Za-z_]\w*$/ }) },
  desktop: {},
};

const channels = Object.fromEntries(
  Object.entries(CHANNELS).map(([type, facts]) => {
    const events = is.set(is.oneOf(...EVENTS, ...(type === 'ping' ? ['start'] : [])), 1);
    const common = { type: is.oneOf(type), events, timeout: is.duration(1, 60 * SECOND), retries: is.whole(0, 5) };
    return [type, is.group({ ...common, ...facts })];
  }),
);

const alerts = is.group({
  channels: is.named(
    (value, at) => {
      const own = is.recordOf(value, at);
      const fact = Object.hasOwn(channels, String(own.type)) ? channels[String(own.type)] : undefined;
      must(fact !== undefined, `${at}: ${String(own.type)}`);
      fact!(value, at);
      must((own.user === undefined) === (own.password === undefined) || own.type !== 'email', `${at}: half a login`);
      must(own.tls !== 'none' || own.password === undefined, `${at}: a password in the clear`);
      must(own.type !== 'command' || (own.command as string[])[0] !== '', `${at}: no program`);
    },
    { least: 0 },
  ),
});

const target = is.group({
  ...{ ...guards, host: is.reference, 'port?': is.reference, user: is.reference, identity: is.reference },
  ...{ 'passphrase?': is.reference, 'certificate?': is.reference, 'agent?': is.reference },
  ...{ 'read_identity?': is.reference, known_hosts: is.reference, 'proxy_jump?': is.reference, compress: is.flag },
  ...{ 'bandwidth_limit?': rate, connect_timeout: is.duration(), io_timeout: is.duration() },
  ...{ stall_timeout: is.duration(1), busy_timeout: is.duration() },
  keepalive: is.group({ interval: is.duration(), count: is.whole(1, 100) }),
});

const job = is.group({
  ...{ source: is.path, 'targets?': is.set(is.text(/^/), 1), parallel: is.flag, one_file_system: is.flag },
  exclude: is.list(is.text(/^(?!!$)\P{Cc}+$/u)),
  ...{ fuzzy: is.oneOf('auto', 'always', 'never'), deadline: is.duration(1, 24 * DAY), 'bandwidth_limit?': rate },
  retry: is.group({ attempts: is.whole(1, 100), delay: is.duration(), max_delay: is.duration() }),
  guard: is.group({
    ...{ max_age: is.or(is.duration(1), 'off'), max_shrink: is.or(is.share, 'off'), allow_empty: is.flag },
    check: is.set(is.oneOf('ends', 'full')),
  }),
  verify: is.group({
    ...{ mode: is.oneOf('full', 'content', 'changed'), full_schedule: is.cron, 'schedule?': is.cron },
    timezone: is.timezone,
  }),
  'expect?': is.group({ schedule: is.cron, timezone: is.timezone, grace: is.duration() }),
});

const primary = is.group({
  ...{ version: is.oneOf(1), 'secrets_file?': is.path, 'state_dir?': is.path, 'runtime_dir?': is.text(/^\/\S{0,59}$/) },
  ...{ targets: is.named(target), jobs: is.named(job), alerts },
  metrics: is.group({ 'textfile?': is.text(/^\/[^\0]*\.prom$/) }),
});

function rate(value: unknown, at: string): void {
  (typeof value === 'number' ? is.whole(1024) : is.size())(value, at);
}

/** @throws Error for a configuration of the primary that should have been refused */
export function mustBePrimary(config: RawConfig): void {
  primary(config, 'primary');
  const targets = Object.keys(config.targets);
  for (const [name, { targets: own, retry, source }] of Object.entries(config.jobs)) {
    must(
      (own ?? targets).every((each) => targets.includes(each)),
      `${name} has a target that is none`,
    );
    must(own !== undefined || targets.length === 1, `${name} does not say which target`);
    must(is.milliseconds(retry.delay) <= is.milliseconds(retry.max_delay) + 1, `the delays of ${name}`);
    must(config.state_dir !== source, `${name} sends the state`);
  }
}

const count = is.whole(0, 100_000);
const some = is.whole(1, 100_000);

const retention = is.group({
  ...{ 'last?': some, within: is.duration(), hourly: count, daily: count, weekly: count, monthly: count },
  ...{ quarterly: count, yearly: count, min_age: is.duration() },
});

const hold = is.group({ 'shrink?': is.share, 'max_removals?': some, 'max_extra?': some, 'churn?': is.share });
const scrubRate = is.size(64 * 1024);

const host = is.group({
  ...{ ...guards, account: is.text(/^(?!root$)[a-z_][a-z0-9_-]{0,31}$/), 'retention?': retention, hold },
  gate: is.group({
    ...{ clock_skew: is.duration(), min_interval: is.duration(), attempts_per_day: is.whole(1, 1000) },
    ...{ min_free_space: is.size(), min_free_inodes: is.whole(0), session_limit: is.duration(SECOND) },
    ...{ 'max_session_bytes?': is.size(1024 ** 2), timeout: is.duration(SECOND), delta: is.flag, fuzzy: is.flag },
  }),
  incomplete: is.group({ lifetime: is.duration() }),
  scrub: is.group({ every: is.duration(), 'rate?': scrubRate }),
  jobs: is.named(
    is.group({
      ...{
        'retention?': retention,
        'hold?': hold,
        'scrub?': is.group({ 'every?': is.duration(), 'rate?': scrubRate }),
      },
      'expect?': is.group({ schedule: is.cron, 'timezone?': is.timezone, grace: is.duration() }),
      'drill?': is.group({
        ...{ every: is.duration(DAY), checks: is.oneOf('auto', 'none'), timeout: is.duration() },
        'command?': is.list(is.text(/^/), 1),
      }),
    }),
  ),
});

/** An absolute path that leads nowhere else. */
const directory = is.text(/^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+\/*$/);

const secondary = is.group({
  ...{ version: is.oneOf(1), root: directory, state_dir: directory, timezone: is.timezone, 'secrets_file?': is.path },
  ...{ metrics: is.group({ 'textfile?': is.text(/^\/[^\0]*\.prom$/) }), hosts: is.named(host), alerts },
});

/** @throws Error for a configuration of the secondary that should have been refused */
export function mustBeSecondary(yaml: SecondaryYaml): void {
  secondary(yaml, 'secondary');
  const [root, state] = [yaml.root, yaml.state_dir].map((each) => `${each.replace(/\/+$/, '')}/`) as [string, string];
  must(!root.startsWith(state) && !state.startsWith(root), 'the state is where the push key writes');
  const hosts = Object.values(yaml.hosts);
  must(new Set(hosts.map(({ account }) => account)).size === hosts.length, 'two hosts with one account');
  const { textfile } = yaml.metrics;
  must(textfile?.includes('{host}') !== false || hosts.length === 1, 'one file of figures for two hosts');
  for (const each of hosts)
    for (const [name, { retention: own = each.retention, drill }] of Object.entries(each.jobs)) {
      must(own !== undefined && lasts(own), `${name} can be emptied by whoever has the push key`);
      must(each.retention === undefined || lasts(each.retention), 'the host can be emptied');
      must(drill?.checks !== 'none' || drill.command !== undefined, `the drill of ${name} tries nothing`);
    }
}

/** Whether a day of rubbish does not displace everything that is kept. */
function lasts({ within, hourly, daily, weekly, monthly, quarterly, yearly }: RetentionYaml): boolean {
  return is.milliseconds(within) >= DAY - 1 || hourly > 24 || Math.max(daily, weekly, monthly, quarterly, yearly) > 1;
}
