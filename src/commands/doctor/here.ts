import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { programProblems } from '../../config/channel-programs.ts';
import { secretProblems } from '../../config/secret-problems.ts';
import type { Settings } from '../../config/settings.ts';
import { warningsOf } from '../../config/warnings.ts';
import { makePrivateDirectory, whyKeptOut, writeFileAtomic } from '../../platform/files.ts';
import { UnfitFileError } from '../../platform/regular-file.ts';
import { localRsyncVersion } from '../../rsync/version.ts';
import { formatSize } from '../../shared/units.ts';
import { isOlder, OLDEST_NODE } from '../../shared/versions.ts';
import { askSystemd } from '../../systemd/ask-systemd.ts';
import { SYSTEM, userManager } from '../../systemd/manager.ts';
import type { Context } from '../context.ts';
import type { Finding } from './finding.ts';

/**
 * Older versions do not resolve paths safely (facts.md#the-price-of-safe-paths), and the rrsync of some ignores an
 * anchored --link-dest (facts.md#anchored-link-dest).
 */
const GOOD_RSYNC = '3.5.0';

/** Everything that can be checked without a secondary. */
export async function findingsHere(settings: Settings, configFile: string, context: Context): Promise<Finding[]> {
  return [
    { kind: 'good', text: `${configFile} is valid` },
    nodeFinding(),
    await rsyncFinding(context),
    await stateFinding(settings),
    ...(await spaceFindings(settings)),
    ...(await unitFindings(settings, context)),
    ...alertFindings(settings),
    ...warningsOf(settings).map((text) => ({ kind: 'note', text }) as const),
    ...programProblems(settings, context.environment).map((text) => ({ kind: 'bad', text }) as const),
    ...secretProblems(settings, context.environment).map((text) => ({ kind: 'bad', text }) as const),
  ];
}

function nodeFinding(): Finding {
  return isOlder(process.version, OLDEST_NODE)
    ? { kind: 'bad', text: `node ${process.versions.node} is too old: install Node.js ${OLDEST_NODE} or newer` }
    : { kind: 'good', text: `node ${process.versions.node}` };
}

async function rsyncFinding(context: Context): Promise<Finding> {
  const version = await localRsyncVersion(context.runProcess);
  if (version === undefined) return { kind: 'bad', text: 'rsync cannot be started: apt-get install rsync' };
  return isOlder(version, GOOD_RSYNC)
    ? { kind: 'note', text: `rsync ${version} works here; the secondary should have ${GOOD_RSYNC} or newer` }
    : { kind: 'good', text: `rsync ${version}` };
}

const TRIAL_BYTES = 64 * 1024;

async function stateFinding(settings: Settings): Promise<Finding> {
  try {
    await makePrivateDirectory(settings.stateDirectory);
    // Only writing shows that a file system is full or read-only. The size is that of a state with its history.
    const trial = join(settings.stateDirectory, '.doctor');
    await writeFileAtomic(trial, Buffer.alloc(TRIAL_BYTES)).finally(() => rm(trial, { force: true }));
    return { kind: 'good', text: `${settings.stateDirectory} can be written` };
  } catch (error) {
    if (error instanceof UnfitFileError) return { kind: 'bad', text: `state_dir: ${error.message}` };
    return { kind: 'bad', text: `state_dir cannot be written${whyKeptOut(error)}` };
  }
}

function alertFindings(settings: Settings): Finding[] {
  const names = Object.keys(settings.alerts.channels);
  return names.length === 0
    ? [] // reported by `silences`
    : [{ kind: 'good', text: `alerts go to ${names.join(', ')} (try: offsite-rsync alert test)` }];
}

/** State and history of many jobs, with room for lists of what was sent. */
const LITTLE = 200 * 2 ** 20;

async function spaceFindings({ stateDirectory }: Settings): Promise<Finding[]> {
  try {
    const { bavail, bsize } = await statfs(stateDirectory);
    const free = bavail * bsize;
    const text = `${formatSize(free)} free where the state is`;
    if (free >= LITTLE) return [{ kind: 'good', text }];
    return [{ kind: 'note', text: `only ${text}: a run ends with exit 5 when there is none` }];
  } catch {
    return []; // stateFinding says why nothing can be there
  }
}

/** The timer that looks for backups that are missing. */
const FRESHNESS = 'offsite-rsync-freshness.timer';

/** Whether the units of each job are there; nothing else where there is no systemd. */
async function unitFindings({ jobs }: Settings, { runProcess, environment }: Context): Promise<Finding[]> {
  const { kind } = process.getuid?.() === 0 ? SYSTEM : userManager(environment);
  const own = kind === 'user' ? ' --user' : '';
  const freshness = await askSystemd(FRESHNESS, runProcess, kind);
  if (freshness === undefined) {
    return [{ kind: 'note', text: 'no systemd answers here: something else has to start the runs' }];
  }
  const installed: string[] = [];
  const findings: Finding[] = [];
  for (const job of jobs.keys()) {
    const facts = await askSystemd(`offsite-rsync@${job}.service`, runProcess, kind);
    // The template alone is loaded for any name; the file of the job is what `units` writes.
    if (facts?.dropIns.some((path) => path.endsWith('/job.conf'))) installed.push(job);
    else {
      const text = `no units for ${job}: offsite-rsync units ${job}${own} --backup-unit UNIT --write`;
      findings.push({ kind: 'note', text });
    }
  }
  if (installed.length === 0) return findings;
  const looks = freshness.enabled === 'enabled';
  return [
    { kind: 'good', text: `units are installed for ${installed.join(', ')}` },
    looks
      ? { kind: 'good', text: `${FRESHNESS} is enabled` }
      : { kind: 'note', text: `${FRESHNESS} is not enabled: systemctl${own} enable --now ${FRESHNESS}` },
    ...findings,
  ];
}
