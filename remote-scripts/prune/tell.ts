import { errorMessage } from '../../src/platform/files.ts';
import { acceptOutliers, type Churn } from '../retention/churn.ts';
import type { SecondarySettings } from '../config/settings.ts';
import { memoryLock, takeLock } from '../store/locks.ts';
import { statePlaces } from '../store/places.ts';
import { tellPeople, type TellDeps, type Telling } from '../telling/tell-people.ts';
import { learnArrivals, type Arrivals } from './arrivals.ts';
import { lastFinding } from './damage.ts';
import { isSeenBeside, problemsOfFaults, type JobFault } from './faults.ts';
import { readMemory, reconcile, writeMemory, type Memory, type News } from './memory.ts';
import type { JobPlan } from './plan.ts';
import type { Problem } from './problems.ts';
import { learnSpace, type FreeSpace } from './space.ts';
import type { Stored } from './stored.ts';

/** Milliseconds to wait for another of our programs that is sending alerts now. */
const MEMORY_WAIT = 180_000;

/** The result of one look at a host. */
export interface Look {
  readonly settings: SecondarySettings;
  readonly host: string;
  readonly state: string;
  readonly plans: readonly JobPlan[];
  /** What was found, besides the faults. */
  readonly problems: readonly Problem[];
  readonly faults: readonly JobFault[];
  readonly space: FreeSpace;
  /** Whether this survey could have seen the problem with this key. */
  readonly isLookedAt: (key: string) => boolean;
  /** Set by a run of prune when it ends. */
  readonly ran?: boolean;
}

/**
 * Tells people what is new since the last survey, and remembers it. Never throws: if a channel fails, that is logged,
 * and if the memory cannot be written, people are told again next time.
 */
export async function tellNews(look: Look, deps: TellDeps): Promise<void> {
  const lock = await takeLock(memoryLock(statePlaces(look.state)), { waitMs: MEMORY_WAIT }).catch(() => undefined);
  try {
    const now = deps.clock.now();
    const memory = await readMemory(look.state);
    const found = [...look.problems, ...problemsOfFaults(look.host, look.faults)];
    const seen = (key: string) => look.isLookedAt(key) && isSeenBeside(look.faults, key);
    const { news, problems } = reconcile(memory, found, now, seen);
    const next: Memory = {
      ...{ lastRun: look.ran ? now : memory.lastRun, problems },
      arrivals: arrivalsAfter(memory.arrivals, look, now),
      churn: churnAfter(memory.churn, look),
      stored: storedAfter(memory.stored, look),
      damage: damageAfter(memory.damage, look),
      space: learnSpace(memory.space, look.space, now),
    };
    for (const item of news) await tellPeople(tellingOf(item), look, deps);
    // Written after the alerts: dying in between repeats an alert. The other way round, it would lose one.
    await writeMemory(look.state, next);
  } catch (error) {
    deps.log(
      'error',
      `What people have been told cannot be recorded, so they may be told again: ${errorMessage(error)}`,
    );
  } finally {
    await lock?.release();
  }
}

/**
 * What is known about arrivals after a survey. Nothing is learnt from a flood; otherwise it would soon count as usual.
 */
function arrivalsAfter(
  before: ReadonlyMap<string, Arrivals>,
  { plans, faults }: Pick<Look, 'plans' | 'faults'>,
  now: Date,
): ReadonlyMap<string, Arrivals> {
  const unseen = new Set(faults.map(({ job }) => job));
  const after = new Map([...before].filter(([job]) => unseen.has(job)));
  for (const plan of plans) {
    const known = before.get(plan.job);
    const honest = plan.decisions.filter(({ action }) => action !== 'quarantine').map(({ snapshot }) => snapshot);
    const flooded = plan.holds.some(({ kind }) => kind === 'flood');
    const learnt = flooded && known ? known : learnArrivals(known, honest, now);
    const accepted = plan.released.some(({ kind }) => kind === 'flood') ? plan.newest?.received : undefined;
    after.set(plan.job, accepted ? { ...learnt, accepted } : learnt);
  }
  return after;
}

/** What is known about rewriting after a survey. Another one that has looked meanwhile may know more. */
function churnAfter(
  before: ReadonlyMap<string, Churn>,
  { plans, faults }: Pick<Look, 'plans' | 'faults'>,
): ReadonlyMap<string, Churn> {
  const unseen = new Set(faults.map(({ job }) => job));
  const after = new Map([...before].filter(([job]) => unseen.has(job)));
  for (const { job, churn, released } of plans) {
    const known = before.get(job);
    const newest = churn && known && known.until > churn.until ? known : churn;
    const accepted = released.some(({ kind }) => kind === 'churn') ? (churn?.outliers ?? []) : [];
    if (newest) after.set(job, acceptOutliers(newest, accepted));
  }
  return after;
}

/** What was released of damage, after a survey. */
function damageAfter(
  before: ReadonlyMap<string, Date>,
  { plans, faults }: Pick<Look, 'plans' | 'faults'>,
): ReadonlyMap<string, Date> {
  const unseen = faults.map(({ job }) => [job, before.get(job)] as const);
  const seen = plans.map(({ job, released, damage }) => {
    const isReleased = released.some(({ kind }) => kind === 'damage');
    return [job, (isReleased ? lastFinding(damage) : undefined) ?? before.get(job)] as const;
  });
  return new Map([...unseen, ...seen].flatMap(([job, time]) => (time ? [[job, time]] : [])));
}

function storedAfter(
  before: ReadonlyMap<string, Stored>,
  { plans, faults }: Pick<Look, 'plans' | 'faults'>,
): ReadonlyMap<string, Stored> {
  const unseen = faults.flatMap(({ job }) => [[job, before.get(job)] as const]);
  const seen = plans.map(({ job, stored }) => {
    const known = before.get(job);
    return [job, known && stored && known.at > stored.at ? known : stored] as const;
  });
  return new Map([...unseen, ...seen].flatMap(([job, stored]) => (stored ? [[job, stored]] : [])));
}

function tellingOf(item: News): Telling {
  if (item.kind === 'resolved') {
    const { key, problem, since: failingSince } = item;
    return { event: 'recovery', key, problem, reason: 'this is no longer the case', advice: '', failingSince };
  }
  const { event, key, problem, reason, advice, job, lastSealed, notProtectedSince } = item.problem;
  const { since: failingSince, times: failures } = item;
  return { event, key, problem, reason, advice, job, lastSealed, notProtectedSince, failingSince, failures };
}
