import type { Settings } from '../config/settings.ts';
import { loadJobState } from '../state/job-state.ts';
import { readHistory } from '../state/history.ts';
import type { RunRecord } from '../state/run-record.ts';
import { loadVerification } from '../state/verification.ts';
import { standingOf, type Standing } from './standing.ts';

/** One job and one of its targets, by name. */
export interface Pair {
  readonly job: string;
  readonly target: string;
}

/** Every job of the configuration with each of its targets. */
export function allPairs(settings: Pick<Settings, 'jobs'>): Pair[] {
  return [...settings.jobs.values()].flatMap(({ name, targets }) => targets.map((target) => ({ job: name, target })));
}

/** What one pass over the history keeps of a pair: never more than three runs. */
interface Digest {
  lastRun?: RunRecord;
  lastSuccess?: RunRecord;
  lastFailure?: RunRecord;
  sentBytes: number;
}

/**
 * How the given jobs stand, in their order.
 * @throws NodeJS.ErrnoException when the state directory cannot be read
 */
export async function readStandings(
  settings: Pick<Settings, 'jobs' | 'stateDirectory'>,
  pairs: readonly Pair[],
  now: Date,
): Promise<Standing[]> {
  const digests = new Map<string, Digest>(pairs.map((pair) => [keyOf(pair), { sentBytes: 0 }]));
  // The states first: a run that ends meanwhile writes its state, then its history, so no history seems to lack a run.
  const states = await Promise.all(
    pairs.map(async ({ job, target }) => ({
      state: (await loadJobState(settings.stateDirectory, job, target)).state,
      verification: await loadVerification(settings.stateDirectory, job, target),
    })),
  );
  await readHistory(settings.stateDirectory, (record) => {
    const digest = digests.get(keyOf(record));
    if (!digest) return;
    digest.lastRun = record;
    digest.sentBytes += record.transfer?.sentBytes ?? 0;
    if (record.outcome === 'done') digest.lastSuccess = record;
    else digest.lastFailure = record;
  });
  return pairs.map((pair, index) => {
    const { sentBytes, lastRun, lastSuccess, lastFailure }: Digest = digests.get(keyOf(pair)) ?? { sentBytes: 0 };
    const { state, verification } = states[index] ?? {};
    return standingOf(
      {
        job: pair.job,
        target: pair.target,
        expect: settings.jobs.get(pair.job)?.expect,
        sealed: state?.sealed ?? null,
        failing: state?.failing ?? null,
        lastFullVerification: state?.lastFullVerification ?? null,
        verification,
        lastRun,
        lastSuccess,
        lastFailure,
        sentBytesTotal: sentBytes,
      },
      now,
    );
  });
}

/** A pair as one word; "@" stands in no name. */
export function keyOf({ job, target }: Pair): string {
  return `${job}@${target}`;
}
