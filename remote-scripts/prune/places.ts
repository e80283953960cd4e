import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../src/platform/files.ts';
import type { HostSettings, SecondarySettings } from '../config/settings.ts';
import { ownDirectory, realDirectory } from '../store/own-directory.ts';
import type { HostPlaces } from '../store/places.ts';
import { PruneRefusal } from './refusal.ts';

/**
 * Refuses to run as root.
 *
 * What is below the host's root was written by somebody with the push key. A bug here, or a trick there, must not reach
 * the whole machine.
 */
export function refuseRoot(uid: number, host: HostSettings, command: string): void {
  if (uid !== 0) return;
  throw new PruneRefusal(
    `${command.split(' ', 1)[0] ?? ''} does not run as root: it would have more rights than it needs. Run it as the host's account: runuser -u ${host.account} -- ${command}`,
  );
}

/** The device of a host's root, to recognise mounts. */
export interface CheckedHost {
  readonly device: number;
}

/**
 * Makes sure that prune works on real directories, and that the host's own ones belong to us.
 * @throws StoreRefusal when one is missing, a symbolic link, or somebody else's
 */
export async function checkHostRoot(
  settings: SecondarySettings,
  places: HostPlaces,
  uid: number,
): Promise<CheckedHost> {
  await realDirectory(settings.root);
  const { dev } = await ownDirectory(places.root, uid);
  await ownDirectory(places.state, uid);
  return { device: dev };
}

/**
 * The hosts whose root belongs to us. Each host has an account of its own, and one account cannot see the data of
 * another.
 * @throws PruneRefusal when there is none
 */
export async function ownHosts({ root, hosts }: SecondarySettings, uid: number): Promise<HostSettings[]> {
  const own: HostSettings[] = [];
  for (const host of hosts.values()) {
    const owner = await lstat(join(root, host.name)).then(
      (found) => found.uid,
      () => undefined,
    );
    if (owner === uid) own.push(host);
  }
  if (own.length > 0) return own;
  const lines = [...hosts.values()].map(({ name, account }) => `runuser -u ${account} -- offsite-prune status ${name}`);
  throw new PruneRefusal(`No host belongs to this account. As root, run: ${lines.join('; ')}`);
}

/** Every mount point of this machine; empty if there is no /proc. */
export async function readMountPoints(): Promise<string[]> {
  try {
    return parseMountPoints(await readFile('/proc/self/mountinfo', 'utf8'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Reads mountinfo (proc(5)), where white space in names is written as octal escapes. */
export function parseMountPoints(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path !== '')
    .map((path) => path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
}

/** A mount point at or below a directory. A bind mount has the device of its file system, so comparing devices misses it. */
export function mountWithin(path: string, mountPoints: readonly string[]): string | undefined {
  return mountPoints.find((mount) => mount === path || mount.startsWith(`${path}/`));
}
