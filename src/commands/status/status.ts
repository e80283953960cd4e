import { loadConfig } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import { readStandings } from '../../insight/read-standings.ts';
import type { Condition, Standing } from '../../insight/standing.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { readingState } from '../reading-state.ts';
import { select, UsageError } from '../selection.ts';
import { alertStale } from './stale-alert.ts';
import { pluginLine, pluginUnknown } from './status-nagios.ts';
import { plainStanding } from './status-report.ts';
import { statusTable } from './status-table.ts';

/** Options of `offsite-rsync status`. */
export interface StatusOptions {
  readonly config: string;
  readonly target?: string;
  readonly json?: boolean;
  readonly nagios?: boolean;
  /** Send alerts for stale jobs and write the metrics; for the freshness timer. */
  readonly alert?: boolean;
}

/**
 * `offsite-rsync status [JOB]`: the state of every job.
 * @returns 0 when all are in order, otherwise the code of {@link exitCode}; with `--nagios`, 0 to 3
 */
export async function status(job: string | undefined, options: StatusOptions, context: Context): Promise<number> {
  const { json, nagios, alert } = options;
  if (nagios === true && (json === true || alert === true)) {
    throw new UsageError('--nagios cannot be combined with --json or --alert.');
  }
  if (nagios === true) return plugin(job, options, context);
  const settings = await loadConfig(options.config);
  context.tellings.stateDirectory = settings.stateDirectory;
  const now = context.clock.now();
  const warnings: string[] = [];
  const warn = (problem: string) => warnings.push(problem);
  const standings = await standingsOf(settings, job, options, now, warn);
  if (alert === true) await alertStale(settings, standings, now, context);
  const code = exitCode(standings, alert === true);
  if (json === true) {
    const at = now.toISOString();
    const report = {
      version: 1,
      host: context.host,
      at,
      exitCode: code,
      jobs: standings.map(plainStanding),
      warnings,
    } as const;
    printJson(context, 'status --json', report);
  } else {
    context.out(statusTable(standings, now, context.columns));
    for (const warning of warnings) context.log('warning', warning);
  }
  return code;
}

/** The plugin must always answer in its own format, or the monitor would show an old state. */
async function plugin(job: string | undefined, options: StatusOptions, context: Context): Promise<number> {
  try {
    const settings = await loadConfig(options.config);
    const { line, code } = pluginLine(await standingsOf(settings, job, options, context.clock.now()));
    context.out(`${line}\n`);
    return code;
  } catch (error) {
    const { line, code } = pluginUnknown(error);
    context.out(`${line}\n`);
    return code;
  }
}

function standingsOf(
  settings: Settings,
  job: string | undefined,
  { target }: StatusOptions,
  now: Date,
  warn?: (problem: string) => void,
): Promise<Standing[]> {
  const selected = select(settings, job === undefined ? [] : [job], target);
  const pairs = selected.map((pair) => ({ job: pair.job.name, target: pair.target.name }));
  return readingState(settings.stateDirectory, () => readStandings(settings, pairs, now, warn));
}

/**
 * The code of the worst job: 40 when one is stale, 20 when a verification found damage, 42 when the state of one cannot
 * be determined; otherwise the code of the last run of the first job that fails.
 * @param forTimer a failed run has sent its own alert, so the freshness check does not fail every hour because of it
 */
function exitCode(standings: readonly Standing[], forTimer: boolean): number {
  const has = (condition: Condition) => standings.some((standing) => standing.condition === condition);
  if (standings.some(({ stale }) => stale)) return exitCodeOf('stale');
  if (has('corrupt')) return exitCodeOf('corruption');
  if (has('unknown')) return exitCodeOf('findings');
  const failed = forTimer ? undefined : standings.find(({ failing }) => failing !== null);
  return failed ? failureCode(failed) : 0;
}

function failureCode({ failing, lastFailure }: Standing): number {
  if (failing === null) return 0;
  // The history knows which signal it was.
  return lastFailure?.outcome === failing.outcome ? lastFailure.exitCode : exitCodeOf(failing.outcome);
}
