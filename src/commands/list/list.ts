import { loadForReading } from '../../config/load.ts';
import { secretSources } from '../../config/target-secrets.ts';
import type { Settings, TargetSettings } from '../../config/settings.ts';
import { readSecret, SecretError } from '../../platform/secrets.ts';
import { openSecondary } from '../../read/open-secondary.ts';
import type { ListedJob } from '../../shared/store-listing.ts';
import { reportFailure } from '../alert/failure.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { select, UsageError } from '../selection.ts';
import { foundFromHere, listHistory } from './list-history.ts';
import { describeJob, type ShownJob } from './list-table.ts';

/** Options of `offsite-rsync list`. */
export interface ListOptions {
  readonly config: string;
  readonly target?: string;
  readonly json?: boolean;
  /** Path of a private read key. */
  readonly identity?: string;
}

/**
 * `offsite-rsync list [JOB]`: the snapshots of each job and target. With a read key it shows what lies there, otherwise what this host's
 * own history knows. It needs no state, and no job in the configuration.
 * @returns 0, or the exit code of the first target that could not be read
 */
export async function list(job: string | undefined, options: ListOptions, context: Context): Promise<number> {
  const settings = await loadForReading(options.config);
  const codes: number[] = [];
  let fromHistory = false;
  for (const target of targetsOf(settings, job, options.target)) {
    if (context.signal.aborted && codes.length > 0) break;
    const keyed = options.identity !== undefined || hasKeyAtHand(settings, target, context);
    try {
      const jobs = keyed
        ? await listSecondary(settings, target, job, options.identity, context)
        : await listHistory(settings, jobsTo(settings, target, job), target.name);
      fromHistory ||= !keyed;
      for (const each of jobs) await show(each, { settings, target, keyed, json: options.json === true }, context);
      if (jobs.length === 0 && keyed && options.json !== true)
        context.out(`${target.name}: nothing is stored there.\n`);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      codes.push(await reportFailure(error, context, false));
    }
  }
  if (fromHistory && options.json !== true) {
    context.out(
      'This is from the history of this host: what it has sealed. What lies there now shows only with a read key (--identity FILE).\n',
    );
  }
  return codes[0] ?? 0;
}

/** The targets of a job that is configured, otherwise all. */
export function targetsOf(settings: Settings, job: string | undefined, target: string | undefined): TargetSettings[] {
  if (job !== undefined && settings.jobs.has(job)) return select(settings, [job], target).map((each) => each.target);
  if (target === undefined) return [...settings.targets.values()];
  const found = settings.targets.get(target);
  if (found !== undefined) return [found];
  throw new UsageError(`There is no target "${target}". Known: ${[...settings.targets.keys()].join(', ')}`);
}

/** The jobs whose history is to be shown. @throws UsageError when the configuration has none, or not the one */
function jobsTo(settings: Settings, { name }: TargetSettings, job: string | undefined): string[] {
  if (settings.jobs.size === 0)
    throw new UsageError(
      `The configuration has no jobs, and there is no read key: give --identity FILE to see what lies on ${name}.`,
    );
  if (job !== undefined) return select(settings, [job], name).map((each) => each.job.name);
  return [...settings.jobs.values()].filter(({ targets }) => targets.includes(name)).map((job) => job.name);
}

/** Whether the key that the configuration names is here; in normal times it is not. */
function hasKeyAtHand(settings: Settings, { readIdentity }: TargetSettings, { environment }: Context): boolean {
  if (readIdentity === undefined) return false;
  try {
    readSecret(readIdentity, secretSources(settings.secretsFile, environment));
    return true;
  } catch (error) {
    if (error instanceof SecretError) return false;
    throw error;
  }
}

async function listSecondary(
  settings: Settings,
  target: TargetSettings,
  job: string | undefined,
  identity: string | undefined,
  context: Context,
): Promise<readonly ListedJob[]> {
  const source = await openSecondary({ settings, target, identity, job, signal: context.signal }, context);
  await source.close();
  return source.jobs;
}

async function show(
  listed: ListedJob,
  where: { settings: Settings; target: TargetSettings; keyed: boolean; json: boolean },
  context: Context,
): Promise<void> {
  const { settings, target, keyed, json } = where;
  const warn = (problem: string) => context.log('warning', problem);
  const found = await foundFromHere(settings, listed.job, target.name, warn);
  const shown: ShownJob = {
    ...listed,
    target: target.name,
    from: keyed ? 'secondary' : 'history',
    snapshots: listed.snapshots.map((snapshot) => ({ ...snapshot, found: found.get(snapshot.id) ?? null })),
  };
  if (json) printJson(context, 'list --json', shown);
  else context.out(describeJob(shown, Intl.DateTimeFormat().resolvedOptions().timeZone, context.columns));
}
