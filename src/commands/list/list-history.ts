import type { Settings } from '../../config/settings.ts';
import type { ListedJob, ListedSnapshot } from '../../shared/store-listing.ts';
import { errorMessage } from '../../platform/files.ts';
import { loadDamage } from '../../state/damage.ts';
import { damageText, readHistory } from '../../state/history.ts';
import { readingState } from '../reading-state.ts';

/**
 * What this host has sealed on a target, as its own history tells it. What the secondary has removed since is still in it.
 * @param jobs names; undefined: all that the history knows of
 */
export async function listHistory(
  { stateDirectory }: Pick<Settings, 'stateDirectory'>,
  jobs: readonly string[] | undefined,
  target: string,
): Promise<ListedJob[]> {
  const sealed = new Map<string, ListedSnapshot[]>((jobs ?? []).map((job) => [job, []]));
  const reading = await readingState(stateDirectory, () =>
    readHistory(stateDirectory, ({ job, target: to, snapshot, finished, files, bytes, verification }) => {
      if (to !== target || snapshot === null || (jobs !== undefined && !jobs.includes(job))) return;
      const all = sealed.get(job) ?? [];
      sealed.set(job, all);
      all.push({
        ...{ id: snapshot, sealed: true, finished, received: null, verification: verification?.mode ?? null },
        ...{ files, bytes, manifest: null, damaged: null, pinned: null },
      });
    }),
  );
  const problem = damageText(reading);
  const problems = problem === undefined ? [] : [problem];
  return [...sealed].map(([job, snapshots]) => ({ job, snapshots, omitted: 0, problems }));
}

/**
 * What a verification from this host has found in snapshots of a job, by their ids.
 * @returns none where this host knows nothing, or cannot read what it knew
 */
export async function foundFromHere(
  { stateDirectory }: Pick<Settings, 'stateDirectory'>,
  job: string,
  target: string,
  warn: (problem: string) => void,
): Promise<ReadonlyMap<string, string>> {
  try {
    const known = await readingState(stateDirectory, () => loadDamage(stateDirectory, job, target));
    return new Map(known.map(({ snapshot, reason }) => [snapshot, reason]));
  } catch (error) {
    warn(`What verifications from here have found in ${job} is not shown: ${errorMessage(error)}`);
    return new Map();
  }
}
