import pc from 'picocolors';
import { errorMessage } from '../../src/platform/files.ts';
import { formatDuration } from '../../src/shared/units.ts';
import type { HostSettings, SecondarySettings } from '../config/settings.ts';
import { silencesOf } from '../config/silence.ts';
import { jsonText } from '../program/json-text.ts';
import { carryOut } from './carry-out.ts';
import { EXIT } from './exit-codes.ts';
import { codeOfFaults } from './faults.ts';
import { measureFreed, type Freed } from './freed.ts';
import { checkData, runData, statusData } from './json.ts';
import { writeMetrics } from './metrics-file.ts';
import { lookAt, MEASURED, tellOfHost } from './look.ts';
import { checkHostRoot, ownHosts, refuseRoot } from './places.ts';
import type { TellDeps } from '../telling/tell-people.ts';
import { hostLock, takeLock } from '../store/locks.ts';
import { hostPlaces } from '../store/places.ts';
import type { JobPlan } from './plan.ts';
import { dropEndedPins } from './ended-pins.ts';
import { failedPrune, lockedJobs, problemsOfJob } from './problems.ts';
import { release } from './release.ts';
import { judge, renderPlan, type HostStatus, type ReportStyle } from './report.ts';
import { renderStatus } from './status-table.ts';
import { forecast, learnSpace } from './space.ts';
import type { Survey } from './survey.ts';
import { tellNews, type Look } from './tell.ts';
import type { TrashProgress } from './empty-trash.ts';

/** What every command needs. */
export interface CommandDeps extends TellDeps {
  readonly uid: number;
  /** Takes finished text for standard output. */
  readonly write: (text: string) => void;
  readonly color: boolean;
  /** Of the terminal; undefined if there is none. */
  readonly columns?: number | undefined;
  readonly onProgress?: (progress: TrashProgress) => void;
  /** Called for each simulated day; `name` is the job. */
  readonly onSimulated?: (progress: TrashProgress) => void;
  readonly signal?: AbortSignal;
  readonly lockWaitMs?: number;
}

/** What `run` was asked for. */
export interface RunOptions {
  readonly dryRun: boolean;
  /** Plans whose holds are overruled, as `JOB:MARK`. */
  readonly release: readonly string[];
  readonly json: boolean;
}

/** `offsite-prune HOST`: decides, removes and sends alerts. @returns the exit code */
export async function runPrune(
  settings: SecondarySettings,
  host: HostSettings,
  options: RunOptions,
  deps: CommandDeps,
): Promise<number> {
  refuseRoot(deps.uid, host, `offsite-prune ${host.name}`);
  const places = hostPlaces(settings, host.name);
  await checkHostRoot(settings, places, deps.uid);
  const lock = options.dryRun ? undefined : await takeLock(hostLock(places));
  if (!options.dryRun && !lock) {
    deps.log('error', `Another prune of ${host.name} is running.`);
    return EXIT.locked.code;
  }
  try {
    const found = await lookAt(settings, host, deps, MEASURED.run);
    const survey = { ...found, plans: release(host.name, found.plans, options.release) };
    const measured = await measureAll(survey, options, deps);
    const tell = async (look: Pick<Look, 'problems' | 'isLookedAt' | 'ran'>) => {
      const { plans, faults, space } = survey;
      await tellNews({ settings, host: host.name, state: places.state, plans, faults, space, ...look }, deps);
    };
    const done = options.dryRun
      ? undefined
      : await carryOut(survey, deps).catch(async (error: unknown) => {
          // For example, if the trash is not a directory, nothing can be removed, but the check alone would report no problem.
          const problems = failedPrune(host.name, [errorMessage(error)]);
          await tell({ problems, isLookedAt: (key) => key === problems[0]?.key });
          throw error;
        });
    if (options.json) deps.write(jsonText(runData(host.name, survey.now, measured, survey.faults, done)));
    else if (options.dryRun) deps.write(plansText(host, measured, style(settings, deps, survey.now)));
    for (const { job, reason } of survey.faults) deps.log('error', `${job} cannot be examined: ${reason}`);
    const faulty = codeOfFaults(survey.faults);
    if (!done) return faulty ?? (survey.plans.some(({ holds }) => holds.length > 0) ? EXIT.held.code : EXIT.done.code);
    logRun(survey, done.removed, deps);
    for (const plan of survey.plans) await dropEndedPins(plan, places, deps);
    for (const failure of done.failures) deps.log('error', failure);
    await tell({
      problems: [
        ...survey.plans.flatMap((plan) => problemsOfJob(host.name, plan)),
        ...failedPrune(host.name, done.failures),
        ...lockedJobs(host.name, done.locked),
      ],
      isLookedAt: () => true,
      ran: true,
    });
    if (done.failures.length > 0) return EXIT.failed.code;
    if (faulty !== undefined) return faulty;
    if (done.locked.length > 0) return EXIT.locked.code;
    return survey.plans.some(({ holds }) => holds.length > 0) ? EXIT.held.code : EXIT.done.code;
  } finally {
    await lock?.release();
  }
}

/**
 * `offsite-prune status`: shows the state and sends no alerts.
 * @param only default: all hosts of this account.
 * @returns the exit code
 */
export async function runStatus(
  settings: SecondarySettings,
  only: HostSettings | undefined,
  options: { readonly json: boolean },
  deps: CommandDeps,
): Promise<number> {
  const statuses: HostStatus[] = [];
  for (const host of only ? [only] : await ownHosts(settings, deps.uid)) {
    refuseRoot(deps.uid, host, `offsite-prune status ${host.name}`);
    statuses.push(statusOf(await lookAt(settings, host, deps)));
  }
  const now = deps.clock.now();
  deps.write(options.json ? jsonText(statusData(statuses, now)) : renderStatus(statuses, style(settings, deps, now)));
  return worstOf(statuses);
}

/**
 * `offsite-prune check HOST`, started by a timer: shows the state, sends alerts for what is new, and removes nothing.
 * @returns the exit code
 */
export async function runCheck(
  settings: SecondarySettings,
  host: HostSettings,
  options: { readonly json: boolean },
  deps: CommandDeps,
): Promise<number> {
  refuseRoot(deps.uid, host, `offsite-prune check ${host.name}`);
  const survey = await tellOfHost(settings, host, deps);
  const silences = silencesOf(settings, host);
  const standing = statusOf(survey);
  await writeMetrics(settings, standing, survey.now, deps);
  const status = [standing];
  deps.write(
    options.json
      ? jsonText(checkData(status, survey.now, silences))
      : renderStatus(status, style(settings, deps, survey.now)),
  );
  for (const silence of silences) deps.log('warning', silence);
  const code = worstOf(status);
  return code === EXIT.done.code && silences.length > 0 ? EXIT.look.code : code;
}

// Counting what is freed reads every inode of what would be removed, so it is left out if nobody sees the result.
async function measureAll(survey: Survey, options: RunOptions, deps: CommandDeps): Promise<[JobPlan, Freed][]> {
  const measured: [JobPlan, Freed][] = [];
  for (const plan of survey.plans) {
    const going = [
      ...plan.decisions.filter(({ action }) => action === 'remove').map(({ snapshot }) => snapshot.id),
      ...plan.leftovers.filter(({ action }) => action === 'remove').map(({ leftover }) => leftover.name),
    ];
    const wanted = options.dryRun || options.json;
    const names = wanted ? going : [];
    measured.push([
      plan,
      await measureFreed(plan.directory, names, survey.places.scratch, deps.runProcess, deps.signal),
    ]);
  }
  return measured;
}

function plansText(host: HostSettings, measured: readonly (readonly [JobPlan, Freed])[], look: ReportStyle): string {
  return measured.map(([plan, freed]) => renderPlan(host.name, plan, freed, look)).join('\n');
}

function logRun(survey: Survey, removed: ReadonlyMap<string, readonly string[]>, { log }: CommandDeps): void {
  for (const plan of survey.plans) {
    const names = removed.get(plan.job) ?? [];
    const reasonsOf = (name: string) =>
      plan.decisions.find(({ snapshot }) => snapshot.id === name)?.reasons ??
      plan.leftovers.filter(({ leftover }) => leftover.name === name).map(({ reason }) => reason);
    for (const name of names) log('info', `${plan.job}/${name} removed: ${reasonsOf(name).join('; ')}`);
    for (const { kind, reason } of plan.released) log('warning', `${plan.job}: released by hand (${kind}): ${reason}`);
    for (const { kind, reason } of plan.holds) log('warning', `${plan.job} is on hold (${kind}): ${reason}`);
    const kept = plan.decisions.length - names.filter((name) => !name.includes('.')).length;
    const newest = plan.newest
      ? `, the newest ${formatDuration(survey.now.getTime() - plan.newest.received.getTime())} old`
      : '';
    log('info', `${plan.job}: ${names.length} removed, ${kept} kept${newest}`);
  }
}

function worstOf(hosts: readonly HostStatus[]): number {
  const faulty = codeOfFaults(hosts.flatMap(({ faults }) => faults));
  if (faulty !== undefined) return faulty;
  const plans = hosts.flatMap((host) => host.plans);
  const states = plans.map((plan) => judge(plan).state);
  if (states.includes('stale')) return EXIT.stale.code;
  if (states.includes('damaged')) return EXIT.damaged.code;
  if (plans.some(({ holds }) => holds.length > 0)) return EXIT.held.code;
  return states.includes('look') ? EXIT.look.code : EXIT.done.code;
}

/** How a host stands after a survey. */
export function statusOf({ host, plans, faults, memory, space, now }: Survey): HostStatus {
  const { minFreeSpace: bytes, minFreeInodes: inodes } = host.gate;
  const fullIn = forecast(learnSpace(memory.space, space, now), space, now, { bytes, inodes });
  return { host: host.name, plans, faults, lastRun: memory.lastRun, space, fullIn };
}

/** How the reports of this call look. */
export function style(settings: SecondarySettings, deps: CommandDeps, now: Date): ReportStyle {
  return { colors: pc.createColors(deps.color), timezone: settings.timezone, now, columns: deps.columns };
}
