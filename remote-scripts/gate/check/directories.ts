import { spawnSync } from 'node:child_process';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exists, isMissing } from '../../../src/platform/files.ts';
import { isLeftBehind, writerMark } from '../../../src/platform/writer-mark.ts';
import type { HostSettings, SecondarySettings } from '../../config/settings.ts';
import { CHILD_ENVIRONMENT } from '../../store/environment.ts';
import type { Account } from './access.ts';
import { bad, good, unseen, type Finding } from './finding.ts';
import { checkState } from './state-files.ts';

/** Checks the directories of one host: owners, modes, and whether their file systems can hold what is stored. */
export async function checkDirectories(
  { root, stateDir }: SecondarySettings,
  host: HostSettings,
  account: Account,
): Promise<Finding[]> {
  const hostRoot = join(root, host.name);
  const hostState = join(stateDir, host.name);
  const findings: Finding[] = [];
  for (const path of new Set([root, stateDir, dirname(root), dirname(stateDir)])) {
    findings.push(...(await checkParent(path, account)));
  }
  for (const path of [hostRoot, hostState]) findings.push(await checkOwn(path, account));
  for (const job of host.jobs.keys()) {
    const path = join(hostRoot, job);
    if (await exists(path).catch(() => false)) findings.push(await checkOwn(path, account));
  }
  findings.push(...(await checkState(hostState)));
  if (host.metadata === 'fake_super') findings.push(await checkXattrs(hostRoot, account));
  return findings;
}

/** The account must not be able to replace its own directory with another one. */
async function checkParent(path: string, account: Account): Promise<Finding[]> {
  try {
    const { uid, mode } = await lstat(path);
    const safe = uid !== account.uid && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);
    return safe ? [] : [bad(`${path} can be changed by the account`, `chown root:root ${path} && chmod 755 ${path}`)];
  } catch (error) {
    if (isMissing(error)) return [bad(`${path} does not exist`, `install -d -m 755 ${path}`)];
    return [unseen(`${path} cannot be seen by this user`)];
  }
}

async function checkOwn(path: string, { name, uid }: Account): Promise<Finding> {
  const fix = `install -d -m 700 -o ${name} -g ${name} ${path}`;
  try {
    const found = await lstat(path);
    const mode = found.mode & 0o777;
    if (!found.isDirectory()) return bad(`${path} is not a directory`, `Move it away, then: ${fix}`);
    if (found.uid !== uid) return bad(`${path} belongs to uid ${found.uid}, not to ${name}`, `chown ${name}: ${path}`);
    if (mode !== 0o700) return bad(`${path} has mode 0${mode.toString(8)}`, `chmod 700 ${path}`);
    return good(`${path} belongs to ${name} alone`);
  } catch (error) {
    if (isMissing(error)) return bad(`${path} does not exist`, fix);
    return unseen(`${path} cannot be seen by this user`);
  }
}

// Node has no xattrs. Python is there, because rrsync needs it.
const SET_XATTR = 'import os, sys; os.setxattr(sys.argv[1], "user.offsite-rsync.check", b"1")';

async function checkXattrs(directory: string, { name, uid }: Account): Promise<Finding> {
  if (![0, uid].includes(process.getuid?.() ?? -1)) return unseen(`only root or ${name} can try xattrs`);
  const probe = join(directory, `${PROBE}${writerMark()}`);
  try {
    await clearProbes(directory);
    await (await open(probe, 'wx', 0o600)).close();
    const { status } = spawnSync('python3', ['-I', '-c', SET_XATTR, probe], {
      stdio: 'ignore',
      env: CHILD_ENVIRONMENT,
    });
    if (status === 0) return good(`${directory} takes user xattrs`);
    return bad(
      `${directory} has no user xattrs, which metadata: fake_super needs`,
      'Use ext4, xfs, btrfs or zfs (xattr=sa), or set `metadata: plain` here and on the primary.',
    );
  } catch {
    return unseen(`xattrs in ${directory} could not be tried`);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** Prefix of the files on which xattrs are tried. */
const PROBE = '.check.';

/** Removes what killed checks have left, but not the files of a check that is running now. */
async function clearProbes(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(PROBE)) continue;
    const path = join(directory, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isFile() !== true || !isLeftBehind(name.slice(PROBE.length), stats.mtimeMs)) continue;
    await rm(path, { force: true });
  }
}
