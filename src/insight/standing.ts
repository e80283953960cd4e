import type { ExpectSettings } from '../config/settings.ts';
import { OUTCOMES, type Outcome } from '../shared/outcome.ts';
import { assessFreshness, type Freshness } from '../shared/schedule.ts';
import { formatInZone } from '../shared/time-zone.ts';
import { formatDuration } from '../shared/units.ts';
import type { DamagedSnapshot } from '../state/damage.ts';
import type { FailingState, SealedSnapshot } from '../state/job-state.ts';
import type { LockHolder } from '../state/run-lock.ts';
import type { RunRecord } from '../state/run-record.ts';
import type { VerificationNote } from '../state/verification.ts';
import type { VerifyMode } from '../shared/verify-mode.ts';

/**
 * The standing of a job on a target: the worst state that applies. `unknown`: it could not be determined. `never`: no snapshot has been
 * sealed. `corrupt`: a verification found damage in the newest snapshot, or in one that still exists. `stale`: none was sealed when one was
 * due. `failing`: the last run failed, but the last snapshot is still new enough.
 */
export type Condition = 'unknown' | 'never' | 'corrupt' | 'stale' | 'failing' | 'secured';

/** The last time stored bytes were compared with the source. */
export interface LastVerification {
  readonly at: Date;
  /** `changed`: only what that run had sent. */
  readonly scope: VerifyMode;
  /** `done`, `not-identical`, `corruption` or `verification-blind`. */
  readonly outcome: Outcome;
}

/** Everything that is known about one job on one target at one moment. */
export interface Standing {
  readonly job: string;
  readonly target: string;
  readonly condition: Condition;
  /** Whether a due snapshot is missing, or may be missing because the clock is wrong or the state unreadable. */
  readonly stale: boolean;
  /** What is wrong, in words; empty when secured. */
  readonly why: string;
  /** The same without the parts that an alert says in separate lines: when a snapshot was due, and how runs failed. */
  readonly cause: string;
  readonly expect: ExpectSettings | undefined;
  readonly freshness: Freshness | undefined;
  readonly sealed: SealedSnapshot | null;
  /** Milliseconds since the snapshot's data was read; negative if that lies in the future. */
  readonly ageMs: number | undefined;
  /** The newest run, however it ended, and the newest of each kind. */
  readonly lastRun: RunRecord | undefined;
  readonly lastSuccess: RunRecord | undefined;
  readonly lastFailure: RunRecord | undefined;
  readonly failing: FailingState | null;
  readonly verified: LastVerification | undefined;
  /** When everything was last compared, and found intact. */
  readonly fullyVerified: Date | undefined;
  /** Snapshots that were found damaged and have not since been found intact or gone. */
  readonly damaged: readonly DamagedSnapshot[];
  /** The run that is going on at this moment. */
  readonly running: LockHolder | undefined;
  /** Bytes sent by all runs that the history knows of; undefined when it could not be read. */
  readonly sentBytesTotal: number | undefined;
}

/** The job and target of a standing. */
export interface StandingName {
  readonly job: string;
  readonly target: string;
  readonly expect: ExpectSettings | undefined;
}

/** The data from which a standing is derived. */
export interface StandingSources extends StandingName {
  readonly sealed: SealedSnapshot | null;
  readonly failing: FailingState | null;
  readonly lastFullVerification: string | null;
  readonly verification: VerificationNote | undefined;
  readonly damaged: readonly DamagedSnapshot[];
  readonly running?: LockHolder | undefined;
  readonly lastRun: RunRecord | undefined;
  readonly lastSuccess: RunRecord | undefined;
  readonly lastFailure: RunRecord | undefined;
  readonly sentBytesTotal: number | undefined;
}

/** Determines the standing of a job. A snapshot is as old as its data, so the start of its run counts, not the end. */
export function standingOf(sources: StandingSources, now: Date): Standing {
  const { expect, sealed, failing } = sources;
  const made = sealed === null ? undefined : new Date(sealed.started);
  const freshness = expect && assessFreshness({ ...expect, grace: expect.graceMs }, made, now);
  const stale = freshness?.state === 'overdue' || freshness?.state === 'clock-wrong';
  const verified = lastVerificationOf(sources);
  const newestDamaged =
    sealed !== null && verified?.outcome === 'corruption' && verified.at.getTime() > Date.parse(sealed.finished);
  const damaged = newestDamaged || sources.damaged.length > 0;
  const condition: Condition =
    sealed === null ? 'never' : damaged ? 'corrupt' : stale ? 'stale' : failing ? 'failing' : 'secured';
  const facts = { ...sources, condition, freshness, stale };
  return {
    job: sources.job,
    target: sources.target,
    condition,
    stale,
    ...wordsOf(facts, now),
    expect,
    freshness,
    sealed,
    ageMs: made && now.getTime() - made.getTime(),
    lastRun: sources.lastRun,
    lastSuccess: sources.lastSuccess,
    lastFailure: sources.lastFailure,
    failing,
    verified,
    fullyVerified: fullyVerifiedAt(sources),
    damaged: sources.damaged,
    running: sources.running,
    sentBytesTotal: sources.sentBytesTotal,
  };
}

/**
 * The standing of a job for which it cannot be determined. If the job has to be fresh it counts as stale, so that a fault on our
 * side does not silence the alarm.
 * @param problem why not, in words
 */
export function unknownStanding({ job, target, expect }: StandingName, problem: string): Standing {
  const why = `its state cannot be determined: ${problem}`;
  return {
    job,
    target,
    condition: 'unknown',
    stale: expect !== undefined,
    why,
    cause: why,
    expect,
    freshness: undefined,
    sealed: null,
    ageMs: undefined,
    lastRun: undefined,
    lastSuccess: undefined,
    lastFailure: undefined,
    failing: null,
    verified: undefined,
    fullyVerified: undefined,
    damaged: [],
    running: undefined,
    sentBytesTotal: undefined,
  };
}

/** The moment at which the standing became or becomes stale unless a newer snapshot arrives. */
export function staleAfter({ freshness, sealed }: Pick<Standing, 'freshness' | 'sealed'>): Date | undefined {
  if (!freshness) return undefined;
  return freshness.state === 'clock-wrong' && sealed ? new Date(0) : freshness.deadline;
}

function lastVerificationOf({
  sealed,
  lastSuccess,
  lastFullVerification,
  verification,
}: StandingSources): LastVerification | undefined {
  const candidates: LastVerification[] = [];
  const add = (at: string, scope: LastVerification['scope'], outcome: Outcome) => {
    candidates.push({ at: new Date(at), scope, outcome });
  };
  if (lastSuccess?.verification && lastSuccess.snapshot === sealed?.id) {
    add(lastSuccess.finished, lastSuccess.verification.mode, 'done');
  }
  if (lastFullVerification !== null) add(lastFullVerification, 'full', 'done');
  if (verification) add(verification.at, 'full', verification.outcome);
  // If two have the same time, the full one counts: state and history then describe the same run.
  return candidates
    .filter(({ at }) => !Number.isNaN(at.getTime()))
    .sort((a, b) => b.at.getTime() - a.at.getTime() || Number(b.scope === 'full') - Number(a.scope === 'full'))[0];
}

function fullyVerifiedAt({ lastFullVerification, verification }: StandingSources): Date | undefined {
  const times = [lastFullVerification, verification?.outcome === 'done' ? verification.at : null];
  const latest = Math.max(...times.map((time) => (time === null ? -Infinity : Date.parse(time))));
  return Number.isFinite(latest) ? new Date(latest) : undefined;
}

type WhyFacts = StandingSources & Pick<Standing, 'condition' | 'freshness' | 'stale'>;

function wordsOf(facts: WhyFacts, now: Date): Pick<Standing, 'why' | 'cause'> {
  const { condition, sealed, failing, lastFailure } = facts;
  const damage = condition === 'corrupt' ? damageText(facts) : '';
  const missing =
    sealed === null
      ? 'nothing of it has been secured yet'
      : facts.stale && facts.freshness?.state !== 'clock-wrong'
        ? `no sealed snapshot since ${sealed.id}`
        : '';
  const late = staleText(facts, now);
  const failed = failing ? failingText(failing, lastFailure) : '';
  const joined = (...parts: readonly string[]) => parts.filter((part) => part !== '').join('; ');
  return {
    why: joined(damage, [missing, late].filter((part) => part !== '').join(': '), failed),
    cause: joined(damage, late, failed),
  };
}

/** Number of names that are spelled out. */
const NAMED = 5;

function damageText({ job, sealed, damaged, verification }: WhyFacts): string {
  const older = damaged.map(({ snapshot }) => snapshot).filter((id) => id !== sealed?.id);
  const newest =
    older.length < damaged.length || damaged.length === 0 ? (sealed?.id ?? verification?.snapshot ?? '') : '';
  const more = older.length > NAMED ? ` and ${older.length - NAMED} more` : '';
  return [
    newest === ''
      ? ''
      : `verification found damage in ${newest}: run the job again (the next run compares by checksum)`,
    older.length === 0
      ? ''
      : `known to be damaged: ${older.slice(0, NAMED).join(', ')}${more}; do not restore the files that verify named from there (verify ${job} --snapshot ID clears this once the snapshot is intact or gone)`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

function staleText({ stale, freshness, sealed, expect }: WhyFacts, now: Date): string {
  if (!stale || !freshness) return '';
  if (freshness.state === 'clock-wrong') {
    return `its newest snapshot (${sealed?.id ?? ''}) lies in the future: the clock of this host is wrong, or was wrong when it was made`;
  }
  const { graceMs = 0 } = expect ?? {};
  const due = sealed === null ? freshness.lastDue : new Date(freshness.deadline.getTime() - graceMs);
  const late = formatDuration(now.getTime() - due.getTime());
  // In UTC like the ids of snapshots, one of which may be named in the same sentence.
  return `one was due ${formatInZone(due, 'UTC')} UTC, ${late} ago`;
}

function failingText({ count, outcome }: FailingState, last: RunRecord | undefined): string {
  const runs = count === 1 ? 'the last run' : `the last ${count} runs`;
  const reason = last?.outcome === outcome ? (last.reason.split('\n')[0] ?? '') : '';
  return `${runs} failed: ${OUTCOMES[outcome].title}${reason === '' ? '' : ` (${reason})`}`;
}
