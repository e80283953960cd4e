import { loadConfig } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import type { ObserveRuns } from '../../run/events.ts';
import type { CallerDeps, RunRequest } from '../../run/request.ts';
import { createExaminedDumps } from '../../run/source/examined-dumps.ts';
import { describeFileSystems } from '../../run/source/file-systems.ts';
import { describeNotSent } from '../../run/source/not-sent.ts';
import { previewRun, type Preview } from '../../run/preview.ts';
import { runJob } from '../../run/run-job.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import { formatCount, formatSize } from '../../shared/units.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { createProgressBar } from './progress-bar.ts';
import { createUnitStatus } from './unit-status.ts';
import { createEventWriter, createJsonWriter } from './run-events.ts';
import { NO_BASIS, summariseRun } from './run-summary.ts';
import { select, UsageError, type Selected } from '../selection.ts';

/** Options of `offsite-rsync run`. */
export interface RunOptions {
  readonly config: string;
  readonly target?: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/**
 * `offsite-rsync run JOB…`: sends jobs off-site, one after the other; the next one runs even if one fails.
 * @returns 0 only if all are secured, otherwise the worst exit code
 */
export async function run(jobs: readonly string[], options: RunOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  context.tellings.stateDirectory = settings.stateDirectory;
  try {
    return await runSelected(settings, jobs, options, context);
  } catch (error) {
    if (error instanceof UsageError) error.settings = settings;
    throw error;
  }
}

async function runSelected(
  settings: Settings,
  jobs: readonly string[],
  options: RunOptions,
  context: Context,
): Promise<number> {
  if (jobs.length === 0 && options.all !== true) {
    throw new UsageError(`Name a job, or use --all. Jobs: ${[...settings.jobs.keys()].join(', ')}`);
  }
  if (jobs.length > 0 && options.all === true) {
    throw new UsageError(`--all means every job: leave out ${jobs.join(' ')}, or --all.`);
  }
  const selected = select(settings, options.all === true ? [] : jobs, options.target);
  const groups = atOnce(selected);
  // Several lines of progress would overwrite each other.
  const interactive = context.interactive && groups.every((pairs) => pairs.length === 1);
  const deps = runDeps(options, { ...context, interactive });
  const runOne = async ({ job, target }: Selected): Promise<number> => {
    const request: RunRequest = { settings, job, target, force: options.force === true, signal: context.signal };
    if (options.dryRun === true) return showPreview(await previewRun(request, deps), request, options, context);
    const record = await runJob(request, deps);
    if (options.json !== true) context.out(summariseRun(record));
    return record.exitCode;
  };
  const codes: number[] = [];
  for (const pairs of groups) {
    if (context.signal.aborted && codes.length > 0) break;
    codes.push(...(await Promise.all(pairs.map(runOne))));
  }
  return worstOf(codes);
}

/** The runs in their order, those together that are made at the same time. */
function atOnce(selected: readonly Selected[]): Selected[][] {
  return selected.reduce<Selected[][]>((groups, pair) => {
    const last = groups.at(-1);
    if (pair.job.parallel && last?.[0]?.job === pair.job) last.push(pair);
    else groups.push([pair]);
    return groups;
  }, []);
}

/** Damage is worse than a failure, and a run that did nothing beside another one is the least. Of several failures, the first. */
function worstOf(codes: readonly number[]): number {
  const isDamage = (code: number) => DAMAGE.includes(code);
  const isFailure = (code: number) => code !== 0 && code !== exitCodeOf('locked');
  return codes.find(isDamage) ?? codes.find(isFailure) ?? codes.find((code) => code !== 0) ?? 0;
}

const DAMAGE = [exitCodeOf('corruption'), exitCodeOf('verification-blind')];

/** What a run needs from the outside world, for a run that a command starts. */
export function runDeps(options: { readonly json?: boolean }, context: Context): CallerDeps {
  const { runProcess, clock, log, redactor, environment, host, hurry, tellings } = context;
  const show =
    options.json === true
      ? createJsonWriter(context)
      : createEventWriter(log, clock, context.interactive ? createProgressBar(clock) : undefined);
  const shown = options.json === true || context.interactive;
  const tellUnit = createUnitStatus(environment, runProcess, clock, redactor.redact);
  const observe: ObserveRuns = (event, scope) => {
    tellUnit?.(event, scope);
    // In the journal, a line a minute would be too many.
    if (event.event !== 'progress' || shown) show(event, scope);
  };
  const watched = shown || tellUnit !== undefined;
  const examined = createExaminedDumps();
  return {
    runProcess,
    clock,
    log,
    redactor,
    observe,
    watched,
    examined,
    environment,
    host,
    tellings,
    alertSignal: hurry,
  };
}

function showPreview(preview: Preview, { job, target }: RunRequest, options: RunOptions, context: Context): number {
  if (options.json === true) {
    printJson(context, 'run --dry-run --json', { event: 'preview', job: job.name, target: target.name, ...preview });
    return preview.exitCode;
  }
  const name = `${job.name} → ${target.name}`;
  if (preview.kind === 'failed') {
    context.log('error', `${name}: ${preview.reason}`);
    context.log('info', `  What to do: ${preview.advice}`);
    return preview.exitCode;
  }
  const { newFiles, changedFiles, linkedFiles, basis } = preview.figures;
  context.out(
    `${name}: nothing was sent (--dry-run). Of ${formatCount(preview.files, 'file')}, ${formatSize(preview.bytes)}:\n` +
      `    ${newFiles} new, ${changedFiles} changed, ${basis === null ? NO_BASIS : `${linkedFiles} to be linked to ${basis}`}\n` +
      [...describeFileSystems(preview.fileSystems), ...describeNotSent(preview.notSent), ...preview.unchecked]
        .map((line) => `    ${line}\n`)
        .join('') +
      preview.objections.map((objection) => `    a guard objects: ${objection}\n`).join(''),
  );
  return preview.exitCode;
}
