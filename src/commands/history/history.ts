import { loadConfig } from '../../config/load.ts';
import { keepLastRuns } from '../../insight/last-runs.ts';
import { keyOf } from '../../insight/read-standings.ts';
import { errorMessage } from '../../platform/files.ts';
import { loadDamage } from '../../state/damage.ts';
import { damageText, readHistory } from '../../state/history.ts';
import type { RunRecord } from '../../state/run-record.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { historyTable } from './history-table.ts';
import { readingState } from '../reading-state.ts';
import { select, UsageError } from '../selection.ts';

/** Options of `offsite-rsync history`. */
export interface HistoryOptions {
  readonly config: string;
  readonly target?: string;
  readonly json?: boolean;
  /** A number, as it was typed. */
  readonly limit?: string;
}

const DEFAULT_LIMIT = 20;
/** The most runs that are kept in memory: ten years of one run an hour. */
const GREATEST_LIMIT = 100_000;

/**
 * `offsite-rsync history [JOB]`: the latest runs, the newest at the bottom. `--json` prints one record per line, as
 * stored; without `--limit` it prints all of them as they are read. Without JOB, runs of jobs that are no longer
 * configured are included.
 */
export async function history(job: string | undefined, options: HistoryOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  const limit = options.limit === undefined ? undefined : parseLimit(options.limit);
  const { target, json } = options;
  const chosen =
    job === undefined && target === undefined
      ? undefined
      : new Set(
          select(settings, job === undefined ? jobsOf(settings, target) : [job], target).map((pair) =>
            keyOf({ job: pair.job.name, target: pair.target.name }),
          ),
        );
  const wanted = (record: RunRecord) => chosen === undefined || chosen.has(keyOf(record));
  const write = (record: RunRecord) => printJson(context, 'history --json', record);
  const last = keepLastRuns(limit ?? DEFAULT_LIMIT);
  const add = json === true && limit === undefined ? write : last.add;
  const reading = await readingState(settings.stateDirectory, () =>
    readHistory(settings.stateDirectory, (record) => {
      if (wanted(record)) add(record);
    }),
  );
  if (json === true) last.list().forEach(write);
  else context.out(await tableOf(last.list(), settings.stateDirectory, context));
  const damage = damageText(reading);
  if (damage !== undefined) context.log('warning', damage);
  return 0;
}

async function tableOf(
  records: readonly RunRecord[],
  stateDirectory: string,
  { columns, log }: Context,
): Promise<string> {
  const damaged = new Set<string>();
  const pairs = new Map(records.map((record) => [keyOf(record), record]));
  for (const [key, { job, target }] of pairs) {
    const known = await readingState(stateDirectory, () => loadDamage(stateDirectory, job, target)).catch(
      (error: unknown) => {
        log('warning', `Damaged snapshots of ${job} → ${target} are not marked: ${errorMessage(error)}`);
        return [];
      },
    );
    for (const { snapshot } of known) damaged.add(`${key} ${snapshot}`);
  }
  return historyTable(records, columns, (record) => damaged.has(`${keyOf(record)} ${record.snapshot ?? ''}`));
}

function jobsOf(settings: Awaited<ReturnType<typeof loadConfig>>, target: string | undefined): string[] {
  const jobs = [...settings.jobs.values()].filter(({ targets }) => target === undefined || targets.includes(target));
  return (jobs.length === 0 ? [...settings.jobs.values()] : jobs).map(({ name }) => name);
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > GREATEST_LIMIT) {
    throw new UsageError(`--limit ${text}: write a whole number from 1 to ${GREATEST_LIMIT}.`);
  }
  return limit;
}
