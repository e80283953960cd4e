import { errorMessage, isMissing, writeFileAtomic } from '../../src/platform/files.ts';
import { parseTime } from '../../src/shared/iso-time.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import type { Arrivals } from './arrivals.ts';
import type { SpaceDays } from './space.ts';
import type { Stored } from './stored.ts';
import type { Churn } from '../retention/churn.ts';
import {
  isCount,
  isRecord,
  parseArrivals,
  parseChurn,
  parseSpace,
  parseStored,
  writtenChurn,
  writtenSpace,
} from './remembered.ts';
import { statePlaces } from '../store/places.ts';
import type { Problem } from './problems.ts';

const DAY = 86_400_000;

/**
 * What prune remembers of one host between its runs. Losing it costs repeated alerts, and for jobs without a schedule
 * the knowledge of how often snapshots arrive; never a snapshot.
 */
export interface Memory {
  /** When the last run of prune ended, not counting dry runs. */
  readonly lastRun: Date | undefined;
  /** Problems that the last survey found, by key. */
  readonly problems: ReadonlyMap<string, RememberedProblem>;
  /** By job. */
  readonly arrivals: ReadonlyMap<string, Arrivals>;
  /** By job. */
  readonly churn: ReadonlyMap<string, Churn>;
  /** How much a job takes; by job. */
  readonly stored: ReadonlyMap<string, Stored>;
  readonly space: SpaceDays;
  /** Up to which finding an administrator has released the damage of a job; by job. */
  readonly damage: ReadonlyMap<string, Date>;
}

/** A problem that the last survey found. */
export interface RememberedProblem {
  readonly since: Date;
  /** When people were last told; undefined if they have not been yet. */
  readonly told: Date | undefined;
  /** How often people were told. */
  readonly times: number;
  readonly fingerprint: string;
  readonly problem: string;
  readonly once?: true;
}

/** What people have to be told now. */
export type News =
  | { readonly kind: 'open'; readonly problem: Problem; readonly since: Date; readonly times: number }
  | { readonly kind: 'resolved'; readonly key: string; readonly problem: string; readonly since: Date };

/** Largest size of the memory in bytes: many times what thousands of problems need. */
const LARGEST = 64 * 1024 * 1024;

/** An empty memory. */
export const NO_MEMORY: Memory = {
  lastRun: undefined,
  problems: new Map(),
  arrivals: new Map(),
  churn: new Map(),
  stored: new Map(),
  space: new Map(),
  damage: new Map(),
};

/**
 * Compares what is wrong now with what was wrong before. New and changed problems are reported at once, lasting ones
 * once a day, and the end of each once; what only happened, once. Pure.
 * @param isLookedAt whether this survey could have seen a problem; what it could not see is neither reported nor over
 */
export function reconcile(
  memory: Memory,
  problems: readonly Problem[],
  now: Date,
  isLookedAt: (key: string) => boolean,
): { news: News[]; problems: Map<string, RememberedProblem> } {
  const news: News[] = [];
  const next = new Map<string, RememberedProblem>();
  for (const [key, remembered] of memory.problems) {
    if (!isLookedAt(key)) next.set(key, remembered);
    else if (remembered.told && !remembered.once && !problems.some((problem) => problem.key === key)) {
      news.push({ kind: 'resolved', key, problem: remembered.problem, since: remembered.since });
    }
  }
  for (const problem of problems) {
    if (next.has(problem.key)) continue; // the same problem in two jobs: a wrong clock
    const before = memory.problems.get(problem.key);
    const since = before?.since ?? now;
    const patient = problem.patience !== undefined && now.getTime() - since.getTime() < problem.patience;
    const due =
      before?.told === undefined ||
      before.fingerprint !== problem.fingerprint ||
      // A clock that was set back must not silence the reminder.
      (!problem.once && Math.abs(now.getTime() - before.told.getTime()) >= DAY);
    const tell = due && !patient;
    const times = (before?.times ?? 0) + (tell ? 1 : 0);
    if (tell) news.push({ kind: 'open', problem, since, times });
    next.set(problem.key, {
      since,
      told: tell ? now : before?.told,
      times,
      fingerprint: problem.fingerprint,
      problem: problem.problem,
      ...(problem.once ? { once: true } : {}),
    });
  }
  return { news, problems: next };
}

/**
 * Reads the memory of a host. A missing or damaged file counts as an empty memory.
 * @param warn called with a message if there is a file that cannot be used
 */
export async function readMemory(state: string, warn?: (reason: string) => void): Promise<Memory> {
  const path = memoryPath(state);
  try {
    const memory = parseMemory(await readRegularFile(path, LARGEST));
    if (memory) return memory;
    warn?.(`${path} is damaged. ${LOST}`);
  } catch (error) {
    if (!isMissing(error)) warn?.(`${errorMessage(error)}. ${LOST}`);
  }
  return NO_MEMORY;
}

/** What losing the memory means. */
const LOST =
  'People may be told again what they already know, and prune has to learn anew how often snapshots usually arrive.';

/** Writes the memory of a host. */
export async function writeMemory(state: string, memory: Memory): Promise<void> {
  await writeFileAtomic(memoryPath(state), formatMemory(memory));
}

/** The text of a memory. */
export function formatMemory(memory: Memory): string {
  const { problems, arrivals, churn, stored, space, damage, lastRun } = memory;
  const data = {
    version: 1,
    lastRun,
    problems: Object.fromEntries(problems),
    stored: Object.fromEntries(stored),
    space: writtenSpace(space),
    damage: Object.fromEntries(damage),
    arrivals: Object.fromEntries([...arrivals].map(([job, known]) => [job, { ...known, days: [...known.days] }])),
    churn: Object.fromEntries([...churn].map(([job, known]) => [job, writtenChurn(known)])),
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

function memoryPath(state: string): string {
  return statePlaces(state).memory;
}

/** Reads the text of a memory. @returns undefined when it is not one of ours */
export function parseMemory(text: string): Memory | undefined {
  const data = parseJson(text);
  if (!isRecord(data) || data.version !== 1) return undefined;
  const problems = new Map<string, RememberedProblem>();
  for (const [key, value] of Object.entries(isRecord(data.problems) ? data.problems : {})) {
    const since = isRecord(value) ? parseTime(value.since) : undefined;
    if (!isRecord(value) || !since) continue;
    problems.set(key, {
      since,
      told: parseTime(value.told),
      times: isCount(value.times) ? value.times : 0,
      fingerprint: typeof value.fingerprint === 'string' ? value.fingerprint : '',
      problem: typeof value.problem === 'string' ? value.problem : key,
      ...(value.once === true ? { once: true } : {}),
    });
  }
  return {
    ...{ lastRun: parseTime(data.lastRun), problems },
    arrivals: byJob(data.arrivals, parseArrivals),
    churn: byJob(data.churn, parseChurn),
    stored: byJob(data.stored, parseStored),
    space: parseSpace(data.space),
    damage: byJob(data.damage, parseTime),
  };
}

function byJob<T>(data: unknown, parse: (value: unknown) => T | undefined): Map<string, T> {
  const known = Object.entries(isRecord(data) ? data : {}).map(([job, value]) => [job, parse(value)] as const);
  return new Map(known.flatMap(([job, value]) => (value === undefined ? [] : [[job, value]])));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
