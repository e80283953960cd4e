import type { AlertEvent } from '../../src/notify/events.ts';
import { HOLDS } from '../retention/holds.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatCount, formatDuration } from '../../src/shared/units.ts';
import { describePin } from './pins.ts';
import { drillProblems } from './drills.ts';
import type { JobPlan } from './plan.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Something on the secondary that a person must know. */
export interface Problem {
  /** Identifies the problem over time: `stale:postgres`. */
  readonly key: string;
  readonly event: Extract<AlertEvent, 'failure' | 'stale' | 'warning'>;
  /** A short phrase that names its subject. */
  readonly problem: string;
  readonly reason: string;
  readonly advice: string;
  /** Changes when the problem has changed so much that people have to be told again. */
  readonly fingerprint: string;
  readonly job?: string;
  readonly lastSealed?: SnapshotId | undefined;
  readonly notProtectedSince?: Date | undefined;
  /** Milliseconds that it must last before people are told; default 0. */
  readonly patience?: number;
  /** Something that happened: people are told once, and not that it is over. */
  readonly once?: true;
}

/** Milliseconds without a run of prune after which its timer counts as dead. */
const PRUNE_MISSING = 3 * DAY;

/** Number of ids or names that one alert spells out. */
const MOST_NAMED = 10;

/** What is wrong in one job. Pure. */
export function problemsOfJob(host: string, plan: JobPlan): Problem[] {
  const subject = `${host}/${plan.job}`;
  const about = { job: plan.job, lastSealed: plan.newest?.id };
  return [
    ...staleProblem(subject, plan, about),
    ...holdProblem(host, plan, about),
    ...quarantineProblem(subject, plan, about),
    ...oddityProblem(subject, plan, about),
    ...clockProblem(plan),
    ...pinsProblem(subject, plan, about),
    ...endedPinsProblem(host, plan, about),
    ...drillProblems(host, plan.job, plan.drills),
  ];
}

/** The problem that prune itself has not run for days; `lastRun` undefined: it never has, so nobody expects it. */
export function missingPrune(host: string, lastRun: Date | undefined, now: Date): Problem[] {
  const age = lastRun ? now.getTime() - lastRun.getTime() : 0;
  if (!lastRun || age < PRUNE_MISSING) return [];
  return [
    {
      key: 'prune-missing',
      event: 'failure',
      problem: `prune of ${host} does not run`,
      reason: `its last run ended ${formatDuration(age)} ago`,
      advice: `Look at: systemctl status offsite-prune@${host}.timer offsite-prune@${host}.service`,
      fingerprint: '',
    },
  ];
}

/** The problem that a run of prune failed. */
export function failedPrune(host: string, failures: readonly string[]): Problem[] {
  if (failures.length === 0) return [];
  return [
    {
      key: 'prune-failed',
      event: 'failure',
      problem: `prune of ${host} could not remove everything`,
      reason: named(failures),
      advice: 'Remove the cause named above (an immutable file? a mount?). The next run continues with what is left.',
      fingerprint: failures.join('\n'),
    },
  ];
}

/** The problem that a push has kept prune out of a job for too long. */
export function lockedJobs(host: string, jobs: readonly string[]): Problem[] {
  return jobs.map((job) => ({
    key: `locked:${job}`,
    event: 'warning',
    problem: `prune of ${host}/${job} never gets its turn`,
    reason: 'each time it ran, a session was writing to the job',
    advice: 'Find out what the primary sends all the time; gate.session_limit ends a session that would never end.',
    fingerprint: '',
    job,
    patience: 3 * DAY,
  }));
}

type About = Pick<Problem, 'job' | 'lastSealed'>;

function staleProblem(subject: string, { freshness, holds, newest, job }: JobPlan, about: About): Problem[] {
  const hold = holds.find(({ kind }) => kind === 'stale');
  if (freshness?.state !== 'overdue' && !hold) return [];
  const reason =
    freshness?.state === 'overdue'
      ? `a sealed snapshot was due by ${freshness.deadline.toISOString()}, ${formatDuration(freshness.overdueBy)} ago`
      : (hold?.reason ?? '');
  return [
    {
      ...about,
      key: `stale:${job}`,
      event: 'stale',
      problem: `${subject} has no fresh snapshot`,
      reason,
      advice:
        'Find out why the local backup job or the transfer on the primary did not run. Nothing is removed meanwhile.',
      fingerprint: '',
      notProtectedSince: newest?.received,
    },
  ];
}

function holdProblem(host: string, { holds, job }: JobPlan, about: About): Problem[] {
  const own = holds.filter(({ kind }) => HOLDS[kind].ends === 'release');
  if (own.length === 0) return [];
  return [
    {
      ...about,
      key: `hold:${job}`,
      event: 'warning',
      problem: `prune of ${host}/${job} is on hold`,
      reason: own.map(({ reason }) => reason).join('\n'),
      advice: [...own.map(({ kind }) => HOLDS[kind].advice), releaseAdvice(host)].join(' '),
      fingerprint: own.map(({ kind }) => kind).join(),
    },
  ];
}

function releaseAdvice(host: string): string {
  return `Nothing of this job is removed meanwhile. Run as the account of the host, offsite-prune ${host} --dry-run shows what would be removed, and how to release it once you have checked it.`;
}

function quarantineProblem(subject: string, { decisions, job }: JobPlan, about: About): Problem[] {
  const found = decisions.filter(({ action }) => action === 'quarantine');
  if (found.length === 0) return [];
  return [
    {
      ...about,
      key: `quarantine:${job}`,
      event: 'warning',
      problem: `${formatCount(found.length, 'snapshot')} of ${subject} in quarantine`,
      reason: named(found.map(({ snapshot, reasons }) => `${snapshot.id}: ${reasons.join('; ')}`)),
      advice:
        'They are kept, but do not count for the retention. Look at the primary (its clock, or somebody with its key), then remove them by hand.',
      fingerprint: found.map(({ snapshot }) => snapshot.id).join(),
    },
  ];
}

function oddityProblem(subject: string, { oddities, directory, job }: JobPlan, about: About): Problem[] {
  if (oddities.length === 0) return [];
  return [
    {
      ...about,
      key: `oddity:${job}`,
      event: 'warning',
      problem: `${formatCount(oddities.length, 'entry', 'entries')} of ${subject} cannot be accounted for`,
      reason: named(oddities.map(({ name, reason }) => `${JSON.stringify(name)}: ${reason}`)),
      advice: `Prune does not touch them. Look at them in ${directory}, and remove them by hand.`,
      fingerprint: oddities.map(({ name }) => name).join('\n'),
    },
  ];
}

function clockProblem({ holds }: JobPlan): Problem[] {
  const hold = holds.find(({ kind }) => kind === 'clock');
  if (!hold) return [];
  return [
    {
      key: 'clock',
      event: 'failure',
      problem: 'the clock of this machine looks wrong',
      reason: hold.reason,
      advice: HOLDS.clock.advice,
      fingerprint: '',
    },
  ];
}

function pinsProblem(subject: string, { holds, pins, job }: JobPlan, about: About): Problem[] {
  const damage = holds.find(({ kind }) => kind === 'pins');
  const problem = { ...about, key: `pins:${job}`, event: 'warning' } as const;
  if (damage) {
    const { reason } = damage;
    return [
      {
        ...problem,
        problem: `pins of ${subject} cannot be read`,
        reason,
        advice: HOLDS.pins.advice,
        fingerprint: reason,
      },
    ];
  }
  if (pins.lost.length === 0) return [];
  return [
    {
      ...problem,
      problem: `${formatCount(pins.lost.length, 'pinned snapshot')} of ${subject} not there`,
      reason: named(pins.lost.map((pin) => `${pin.id}: ${describePin(pin)}`)),
      advice: 'Prune removes no pinned snapshot, so find out who did. If it is right: offsite-prune unpin.',
      fingerprint: pins.lost.map(({ id }) => id).join(),
    },
  ];
}

// While the clock cannot be right, nothing has ended.
function endedPinsProblem(host: string, { holds, pins: { ended }, job }: JobPlan, about: About): Problem[] {
  if (ended.length === 0 || holds.some(({ kind }) => kind === 'clock')) return [];
  return [
    {
      ...about,
      key: `pin-ended:${job}`,
      event: 'warning',
      problem: `${formatCount(ended.length, 'pin')} of ${host}/${job} ended`,
      reason: named(ended.map((pin) => `${pin.id}: ${describePin(pin)}`)),
      advice: `The next run of prune decides by the policy again: offsite-prune ${host} --dry-run, as the account of the host, shows how. To keep a snapshot longer, pin it again before: offsite-prune pin ${host} ${job} ID --why TEXT`,
      fingerprint: ended.map(({ id, until }) => `${id} ${until}`).join(),
      once: true,
    },
  ];
}

function named(lines: readonly string[]): string {
  const more = lines.length - MOST_NAMED;
  return [...lines.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}
