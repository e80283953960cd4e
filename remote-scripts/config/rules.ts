import type { ConfigProblem, Locate } from '../../src/settings/yaml-config.ts';
import { BUCKET_KINDS, BUCKETS } from '../retention/buckets.ts';
import { guaranteedReach, isEmpty, LEAST_REACH } from '../retention/policy.ts';
import { formatDuration, parseDuration, parseSize } from '../../src/shared/units.ts';
import { retentionSettings } from './settings.ts';
import { HOST_MARK } from './metrics.ts';
import type { HostYaml, JobYaml, RetentionYaml, SecondaryYaml } from './options.ts';

/** Says what is wrong with a cron expression, or undefined; see `cronProblem`. */
export type CheckSchedule = (schedule: string) => string | undefined;

/** rsync counts its timeout in seconds, so less than one would be 0: none at all. */
const MIN_TIMEOUT_MS = 1000;

/** Buckets that are long enough for two of them to outlast a day of rubbish. */
const LASTING = BUCKET_KINDS.filter((kind) => BUCKETS[kind].least >= LEAST_REACH)
  .join(', ')
  .replace(/, (?=\w+$)/, ' or ');

const DAY = 86_400_000;

/** Bytes. What rsync sends to the client counts too, so a lower limit would refuse pushes that change almost nothing. */
const LEAST_SESSION = 1024 * 1024;

/** Bytes a second. */
const LEAST_RATE = 64 * 1024;

/** Checks beyond those that every program of the secondary needs. */
export interface Scrutiny {
  /** Checks cron expressions. A session of the gate leaves it out, because it uses none and must start fast. */
  readonly checkSchedule?: CheckSchedule;
  /**
   * Whether a policy that the push key can empty is a problem. A session of the gate leaves it out: it deletes nothing,
   * and refusing backups because of what prune might do would be worse.
   */
  readonly reach?: boolean;
}

type Report = (path: readonly string[], message: string) => void;

/** Rules beyond the schema. */
export function secondaryRules(yaml: SecondaryYaml, locate: Locate, scrutiny: Scrutiny = {}): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => {
    problems.push({ path: path.join('.'), line: locate(path), message });
  };

  for (const key of ['root', 'state_dir'] as const) {
    if (!isPlainPath(yaml[key])) {
      report([key], `${JSON.stringify(yaml[key])} does not fit: write a path below / without "." or ".." or "//"`);
    }
  }
  if (liesIn(yaml.root, yaml.state_dir) || liesIn(yaml.state_dir, yaml.root)) {
    report(
      ['state_dir'],
      `must be outside of root (${yaml.root}), where anyone with the push key can write. Use /var/lib/offsite-rsync`,
    );
  }
  metricsRules(yaml, report);
  const accounts = new Map<string, string>();
  for (const [name, host] of Object.entries(yaml.hosts)) {
    const at = ['hosts', name];
    const other = accounts.get(host.account);
    if (other !== undefined) {
      report(
        [...at, 'account'],
        `${host.account} is also the account of ${other}: with one account, one primary's key could reach the other's snapshots. Give each host its own`,
      );
    }
    accounts.set(host.account, name);
    if (host.account === 'root') {
      report([...at, 'account'], 'must not be root: create an account of its own with offsite-secondary add-host');
    }
    hostRules(host, at, report, scrutiny);
  }
  return problems;
}

function metricsRules({ metrics: { textfile }, hosts }: SecondaryYaml, report: Report): void {
  if (textfile === undefined) return;
  if (!textfile.endsWith('.prom')) {
    report(['metrics', 'textfile'], "must end in .prom: node_exporter's collector reads no other files");
  }
  if (!textfile.includes(HOST_MARK) && Object.keys(hosts).length > 1) {
    report(
      ['metrics', 'textfile'],
      `must contain ${HOST_MARK}: each host writes a file of its own, as its own account`,
    );
  }
}

function hostRules(
  host: HostYaml,
  at: readonly string[],
  report: Report,
  { checkSchedule, reach = false }: Scrutiny,
): void {
  if (host.retention !== undefined) retentionRules(host.retention, [...at, 'retention'], report, reach);
  for (const key of ['timeout', 'session_limit'] as const) {
    if ((parseDuration(host.gate[key]) ?? 0) < MIN_TIMEOUT_MS) {
      report([...at, 'gate', key], `${host.gate[key]} would be no limit: write at least 1s`);
    }
  }
  const { max_session_bytes: most } = host.gate;
  if (most !== undefined && (parseSize(most) ?? 0) < LEAST_SESSION) {
    report([...at, 'gate', 'max_session_bytes'], `${most} would let nothing in: write at least 1MiB`);
  }
  scrubRules(host.scrub, [...at, 'scrub'], report);
  for (const [name, job] of Object.entries(host.jobs)) {
    const jobAt = [...at, 'jobs', name];
    if (job.retention !== undefined) retentionRules(job.retention, [...jobAt, 'retention'], report, reach);
    if (job.retention === undefined && host.retention === undefined) {
      report(jobAt, 'has no retention: add one here, or one for the whole host beside its account');
    }
    const wrong = job.expect === undefined ? undefined : checkSchedule?.(job.expect.schedule);
    if (wrong !== undefined) report([...jobAt, 'expect', 'schedule'], wrong);
    if (job.scrub !== undefined) scrubRules(job.scrub, [...jobAt, 'scrub'], report);
    if (job.drill !== undefined) drillRules(job.drill, [...jobAt, 'drill'], report);
  }
}

function scrubRules(
  { rate }: Pick<NonNullable<JobYaml['scrub']>, 'rate'>,
  at: readonly string[],
  report: (path: readonly string[], message: string) => void,
): void {
  if (rate === undefined || (parseSize(rate) ?? 0) >= LEAST_RATE) return;
  report([...at, 'rate'], `${rate} a second would never come to an end: write at least 64KiB`);
}

function drillRules(
  { every, checks, command }: NonNullable<JobYaml['drill']>,
  at: readonly string[],
  report: (path: readonly string[], message: string) => void,
): void {
  if ((parseDuration(every) ?? 0) < DAY) {
    report([...at, 'every'], `${every} is too often: drills are started once a day, so write at least 1d`);
  }
  if (checks === 'none' && command === undefined) {
    report([...at, 'checks'], 'none without a command tries nothing out: give a command, or leave out the drill');
  }
}

function retentionRules(policy: RetentionYaml, at: readonly string[], report: Report, reach: boolean): void {
  const settings = retentionSettings(policy);
  if (policy.last === undefined && isEmpty(settings)) {
    report(
      at,
      'is empty: it would keep one snapshot and remove all others. Say what to keep, such as { last: 3, daily: 14, weekly: 8, monthly: 12 }',
    );
    return;
  }
  const reached = guaranteedReach(settings);
  if (reach && reached < LEAST_REACH) {
    const howSoon = reached === 0 ? 'at once' : `within ${formatDuration(reached)}`;
    report(
      at,
      `lets anyone with the push key displace everything that is kept ${howSoon}, by pushing rubbish: as many pushes use up last, and a bucket is used up when the next one begins. Add within: 1d or more, or at least 2 of ${LASTING}`,
    );
  }
}

function isPlainPath(path: string): boolean {
  const parts = path.replace(/\/+$/, '').split('/').slice(1);
  return parts.length > 0 && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

function liesIn(inner: string, outer: string): boolean {
  const slashed = (path: string) => `${path.replace(/\/+$/, '')}/`;
  return slashed(inner).startsWith(slashed(outer));
}
