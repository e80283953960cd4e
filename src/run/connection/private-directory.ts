import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePrivateDirectory } from '../../platform/files.ts';
import { UnfitFileError } from '../../platform/regular-file.ts';

/** A directory that only this user can enter, for ssh's configuration, keys, the canary and the seal. */
export interface PrivateDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Makes the private directory of one job and target. What a killed run left there is removed first: the run's lock guarantees that
 * nobody else is using it.
 * @param configured `runtime_dir` of the configuration
 * @param name what it belongs to; the path contains only a hash of it, because a socket's path has at most 108 bytes (unix(7))
 * @param owner `run`: one at a time, protected by its lock; `process`: any number beside it, each removed once its process is gone
 * @throws UnfitFileError when the parent belongs to somebody else or others can write to it
 */
export async function openPrivateDirectory(
  configured: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  owner: 'run' | 'process' = 'run',
): Promise<PrivateDirectory> {
  const parent = configured ?? defaultRuntimeDirectory(environment);
  await makePrivateDirectory(parent);
  const { uid, mode } = await lstat(parent);
  if (uid !== process.getuid?.())
    throw new UnfitFileError(`The runtime directory ${parent} belongs to another user: set runtime_dir`);
  // Somebody who can write there could swap our directory for another.
  if ((mode & 0o022) !== 0)
    throw new UnfitFileError(`The runtime directory ${parent} can be written by others: chmod 700 ${parent}`);
  await sweepDead(parent);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10);
  const path = join(parent, owner === 'run' ? hash : `${hash}-${process.pid}`);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Removes what a killed verification or preview has left; nothing else does. */
async function sweepDead(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /^[0-9a-f]{10}-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** The directory for temporary private files of this user, unless `runtime_dir` names another. */
export function defaultRuntimeDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  // systemd may pass several, joined by colons (systemd.exec(5), RuntimeDirectory=).
  const own = environment.RUNTIME_DIRECTORY?.split(':')[0];
  if (own !== undefined && own !== '') return own;
  if (process.getuid?.() === 0) return '/run/offsite-rsync';
  const session = environment.XDG_RUNTIME_DIR;
  return session === undefined || session === ''
    ? join(tmpdir(), `offsite-rsync-${process.getuid?.() ?? 0}`)
    : join(session, 'offsite-rsync');
}
