import { spawnSync } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { errorMessage } from '../../../src/platform/files.ts';
import { readRegularFile } from '../../../src/platform/regular-file.ts';
import { formatProblems } from '../../../src/settings/yaml-config.ts';
import { parseSecondaryConfig } from '../../config/load.ts';
import { LARGEST_SETTINGS } from '../../config/location.ts';
import type { HostSettings, SecondarySettings } from '../../config/settings.ts';
import { silencesOf } from '../../config/silence.ts';
import { CHILD_ENVIRONMENT } from '../../store/environment.ts';
import { checkAccess, type Account } from './access.ts';
import { checkDirectories } from './directories.ts';
import { bad, formatFindings, good, hint, type Finding } from './finding.ts';
import { checkPrograms } from './programs.ts';

/** What to check, and where to report it. */
export interface CheckInput {
  readonly host: string;
  readonly configPath: string;
  /** The words that start the gate here, for the line of a key. */
  readonly gate: string;
  readonly write: (text: string) => unknown;
}

/**
 * `offsite-gate --check HOST`: reports whether everything that the gate relies on is in order.
 * @returns 0 if it is, 1 otherwise
 */
export async function checkHost({ host, configPath, gate, write }: CheckInput): Promise<number> {
  const findings = await lookAt(host, configPath, gate);
  write(formatFindings(findings));
  const wrong = findings.filter(({ kind }) => kind === 'bad').length;
  write(wrong === 0 ? `\n${host}: ready\n` : `\n${host}: ${wrong} to mend\n`);
  return wrong === 0 ? 0 : 1;
}

async function lookAt(host: string, configPath: string, gate: string): Promise<Finding[]> {
  const programs = checkPrograms();
  const loaded = await loadConfig(configPath, host);
  if ('finding' in loaded) return [loaded.finding, ...programs];
  const { settings, own } = loaded;
  const account = findAccount(own.account);
  const before = [
    good(`${configPath}: no problems, host ${host} has ${own.jobs.size} job(s)`),
    ...(await checkFile(configPath)),
    ...silencesOf(settings, own).map((silence) => hint(silence, `The file is ${configPath}.`)),
  ];
  if (account === undefined) {
    const fix = `Create it: offsite-secondary add-host does, or: useradd --system --shell /bin/sh ${own.account}`;
    return [...before, ...programs, bad(`account ${own.account} does not exist`, fix)];
  }
  return [
    ...before,
    ...programs,
    ...(account.uid === 0
      ? [bad(`account ${own.account} has uid 0`, 'Give the host an account without privileges.')]
      : []),
    ...(await checkDirectories(settings, own, account)),
    ...(await checkAccess(host, account, gate)),
  ];
}

async function loadConfig(
  path: string,
  host: string,
): Promise<{ settings: SecondarySettings; own: HostSettings } | { finding: Finding }> {
  let text: string;
  try {
    text = await readRegularFile(path, LARGEST_SETTINGS);
  } catch (error) {
    return { finding: bad(`${path} cannot be read: ${errorMessage(error)}`, 'Copy secondary.example.yaml there.') };
  }
  // Without a parser for schedules, which would make the bundle half as large again, and each session start later.
  const parsed = parseSecondaryConfig(text, { reach: true });
  if (!parsed.ok) return { finding: bad(formatProblems(path, parsed.problems), 'Correct what is listed.') };
  const own = parsed.settings.hosts.get(host);
  if (own === undefined) {
    const known = [...parsed.settings.hosts.keys()].join(', ');
    return { finding: bad(`${path} has no host ${host}`, `Hosts there: ${known}`) };
  }
  if (own.secondary !== 'gate') {
    const fix = 'Set `secondary: gate`, or let its forced command be rrsync.';
    return { finding: bad(`${path} says that ${host} is served by plain ${own.secondary}`, fix) };
  }
  return { settings: parsed.settings, own };
}

/** Anyone who can write the settings can grant themselves anything. */
async function checkFile(path: string): Promise<Finding[]> {
  const { uid, mode } = await lstat(path);
  if ((mode & 0o022) === 0 && uid === 0) return [good(`only root can write ${path}`)];
  return [bad(`others than root can write ${path}`, `chown root:root ${path} && chmod 644 ${path}`)];
}

function findAccount(name: string): Account | undefined {
  const { stdout, status } = spawnSync('getent', ['passwd', name], { encoding: 'utf8', env: CHILD_ENVIRONMENT });
  const [, , uid, , , home = '', shell = ''] = stdout.trim().split(':');
  if (status !== 0 || uid === undefined) return undefined;
  return { name, uid: Number(uid), home, shell };
}
