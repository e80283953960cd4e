import type { Settings } from '../../config/settings.ts';
import { readHistoryIfFit } from '../../state/history.ts';
import { allPairs, keyOf, readStandings } from '../read-standings.ts';
import type { Standing } from '../standing.ts';
import { collectDays, type Collected } from './days.ts';

/** One job on one target, for the page. */
export interface JobReport extends Collected {
  readonly standing: Standing;
}

/**
 * The data of the page: every job of the configuration on each of its targets.
 * @param warn called if a part of the history is missing
 * @param count number of days, the last of which is the day of `now`
 * @throws NodeJS.ErrnoException when the state directory cannot be read
 */
export async function readReport(
  settings: Pick<Settings, 'jobs' | 'stateDirectory'>,
  count: number,
  now: Date,
  warn: (problem: string) => void,
): Promise<JobReport[]> {
  const standings = await readStandings(settings, allPairs(settings), now, warn);
  const collectors = standings.map((standing) => ({ standing, collector: collectDays(standing.expect, count, now) }));
  const byKey = new Map(collectors.map(({ standing, collector }) => [keyOf(standing), collector]));
  await readHistoryIfFit(settings.stateDirectory, (record) => byKey.get(keyOf(record))?.add(record));
  return collectors.map(({ standing, collector }) => ({ standing, ...collector.finish() }));
}
