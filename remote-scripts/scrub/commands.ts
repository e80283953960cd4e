import { errorMessage, exists } from '../../src/platform/files.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { HostSettings, SecondarySettings } from '../config/settings.ts';
import { jsonText } from '../program/json-text.ts';
import { readDamage } from '../store/damage.ts';
import { takeLock } from '../store/locks.ts';
import { ownDirectory, realDirectory } from '../store/own-directory.ts';
import { hostPlaces, jobPaths } from '../store/places.ts';
import { StoreRefusal } from '../store/refusal.ts';
import { NEVER_SCRUBBED, readScrubState } from '../store/scrub-state.ts';
import { tellPeople, type TellDeps } from '../telling/tell-people.ts';
import { EXIT } from './exit-codes.ts';
import { Findings } from './findings.ts';
import { sealedSnapshots, type ScrubbedJob, type ScrubDeps } from './job.ts';
import { lockManifests, makeMissing } from './manifests.ts';
import { Notebook } from './notebook.ts';
import { Pace } from './pace.ts';
import { readFileOnce } from './read-file.ts';
import { damageData, damageLines, renderReports, reportData, type JobReport } from './report.ts';
import { scrubJob } from './scrub-job.ts';
import type { Wish } from './share.ts';

/** What every command needs. */
export interface CommandDeps extends TellDeps {
  readonly uid: number;
  /** Takes finished text for standard output. */
  readonly write: (text: string) => void;
  readonly onProgress?: ScrubDeps['onProgress'];
  readonly signal?: AbortSignal;
  /** Default: reads the disk. */
  readonly readFile?: ScrubDeps['readFile'];
}

/** What a scrub was asked for. */
export interface ScrubOptions {
  readonly wish: Wish;
  /** Only this snapshot, whole. */
  readonly snapshot?: SnapshotId | undefined;
  /** Only this job; default: all. */
  readonly job?: string | undefined;
  readonly json: boolean;
}

/** `offsite-scrub HOST`: makes missing manifests, reads what is due, and tells people what is damaged. @returns the exit code */
export async function runScrub(
  settings: SecondarySettings,
  host: HostSettings,
  options: ScrubOptions,
  deps: CommandDeps,
): Promise<number> {
  await checkPlaces(settings, host, deps.uid);
  const places = hostPlaces(settings, host.name);
  const jobs = await jobsFor(settings, host, options, deps.uid);
  const lock = await takeLock({ path: places.scrubLock, kind: 'file' });
  if (lock === undefined) {
    deps.log('error', `Another scrub of ${host.name} is running.`);
    return EXIT.locked.code;
  }
  try {
    const reports: JobReport[] = [];
    for (const job of jobs) reports.push(await scrubOne(job, settings, host, options, deps));
    deps.write(
      options.json ? jsonText(reportData(host.name, deps.clock.now(), reports)) : renderReports(host.name, reports),
    );
    return codeOf(reports);
  } finally {
    await lock.release();
  }
}

/** `offsite-scrub manifests HOST`: makes missing manifests, as the gate does after a seal. @returns the exit code */
export async function runManifests(
  settings: SecondarySettings,
  host: HostSettings,
  options: { readonly job?: string | undefined },
  deps: CommandDeps,
): Promise<number> {
  await checkPlaces(settings, host, deps.uid);
  let code: number = EXIT.done.code;
  for (const job of await jobsFor(settings, host, options, deps.uid)) {
    const lock = await lockManifests(job, deps.signal ? { signal: deps.signal } : {});
    // Another is at it, and does what is missing.
    if (lock === undefined) continue;
    try {
      const findings = await findingsOf(job, deps);
      for (const { id, unread } of await makeMissing(job, scrubDeps(job, deps))) {
        for (const { name, inode } of unread.unreadable) {
          findings.judge(name, id, { kind: 'unreadable', inode, lastGood: null });
        }
        if (unread.unreadable.length > 0) code = EXIT.damaged.code;
      }
      await findings.save(new Set(await sealedSnapshots(job)));
    } finally {
      await lock.release();
    }
  }
  return code;
}

/** `offsite-scrub HOST --list`: shows what is known to be damaged, and reads nothing. @returns the exit code */
export async function runList(
  settings: SecondarySettings,
  host: HostSettings,
  options: { readonly job?: string | undefined; readonly json: boolean },
  deps: CommandDeps,
): Promise<number> {
  await checkPlaces(settings, host, deps.uid);
  const known = [];
  for (const job of await jobsFor(settings, host, options, deps.uid)) {
    known.push({ job: job.name, damage: await readDamage(job.paths) });
  }
  const damaged = known.filter(({ damage }) => damage.entries.length + damage.omitted > 0);
  if (options.json) {
    deps.write(jsonText(damageData(host.name, known)));
  } else {
    for (const { job, damage } of damaged) deps.write(`${host.name}/${job}:\n${damageLines(damage).join('\n')}\n`);
    if (damaged.length === 0) deps.write('nothing is known to be damaged\n');
  }
  return damaged.length > 0 ? EXIT.damaged.code : EXIT.done.code;
}

async function scrubOne(
  job: ScrubbedJob,
  settings: SecondarySettings,
  host: HostSettings,
  { wish, snapshot }: ScrubOptions,
  deps: CommandDeps,
): Promise<JobReport> {
  const findings = await findingsOf(job, deps);
  const state = await readScrubState(job.paths).catch((error: unknown) => {
    deps.log('warning', `${errorMessage(error)}: this cycle begins anew, and people may be told again what they know`);
    return NEVER_SCRUBBED;
  });
  const notebook = new Notebook({ host: host.name, job, state, findings }, deps, (notice) =>
    tellPeople({ ...notice, job: job.name }, { settings, host: host.name }, deps),
  );
  const task = snapshot === undefined ? { wish, every: job.scrub.everyMs } : { snapshot };
  const work = await scrubJob(job, task, notebook, scrubDeps(job, deps));
  return { job: job.name, work, state: notebook.state, damage: findings.damage, isBehind: notebook.late !== undefined };
}

function findingsOf({ paths, name }: ScrubbedJob, { clock, log }: CommandDeps): Promise<Findings> {
  return Findings.load(paths, clock, (error) => {
    log('warning', `${name}: what was known of damage is lost, and is found anew: ${errorMessage(error)}`);
  });
}

function scrubDeps(
  { scrub }: ScrubbedJob,
  { clock, log, signal, onProgress, readFile = readFileOnce }: CommandDeps,
): ScrubDeps {
  return { clock, log, onProgress, readFile, pace: new Pace({ clock, rate: scrub.rate, signal }) };
}

/** What is below the host's root was written by somebody with the push key: a bug here must not reach the whole machine. */
async function checkPlaces(settings: SecondarySettings, host: HostSettings, uid: number): Promise<void> {
  if (uid === 0) {
    throw new StoreRefusal(
      `The scrub does not run as root. Run it as the host's account: runuser -u ${host.account} -- offsite-scrub ${host.name}`,
    );
  }
  const places = hostPlaces(settings, host.name);
  await realDirectory(settings.root);
  await ownDirectory(places.root, uid);
  await ownDirectory(places.state, uid);
}

async function jobsFor(
  settings: SecondarySettings,
  host: HostSettings,
  { job: only, snapshot }: Pick<ScrubOptions, 'job' | 'snapshot'>,
  uid: number,
): Promise<ScrubbedJob[]> {
  const places = hostPlaces(settings, host.name);
  const jobs: ScrubbedJob[] = [];
  for (const { name, scrub } of host.jobs.values()) {
    if (only !== undefined && name !== only) continue;
    const job = { name, paths: jobPaths(places, name), secondary: host.secondary, scrub };
    if (!(await exists(job.paths.snapshots))) continue;
    await ownDirectory(job.paths.snapshots, uid);
    if (snapshot === undefined || (await sealedSnapshots(job)).includes(snapshot)) jobs.push(job);
  }
  if (snapshot === undefined || jobs.length === 1) return jobs;
  throw new StoreRefusal(
    jobs.length === 0
      ? `${host.name} has no sealed snapshot ${snapshot}. What there is: offsite-prune ${host.name} --dry-run`
      : `Several jobs have a snapshot ${snapshot}: say which with --job: ${jobs.map(({ name }) => name).join(', ')}`,
  );
}

function codeOf(reports: readonly JobReport[]): number {
  if (reports.some(({ damage }) => damage.entries.length + damage.omitted > 0)) return EXIT.damaged.code;
  if (reports.some(({ work }) => work.failures.length > 0)) return EXIT.failed.code;
  const remade = reports.some(({ work }) => work.made.some(({ replaces }) => replaces !== null));
  return remade || reports.some(({ isBehind }) => isBehind) ? EXIT.look.code : EXIT.done.code;
}
