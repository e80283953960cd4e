import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseGateLine } from '../shared/gate-words.ts';
import { runProcess } from '../platform/process.ts';

/** What somebody who stole the primary's key has: the key, and the address. */
export interface StolenKey {
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
}

/** One attempt with the stolen key. */
export interface Attempted {
  readonly what: string;
  readonly refused: boolean;
  /** What the secondary answered. */
  readonly answer: string;
}

/** The options of our own push, because the gate accepts no others. The attacker has read the documentation. */
const OPTIONS = ['-aHA', '--numeric-ids', '-M--fake-super'];

/** Tries to rewrite, delete and read an old snapshot, with stock rsync. */
export async function attackSnapshot(key: StolenKey, directory: string, job: string, id: string): Promise<Attempted[]> {
  const forged = join(directory, 'forged');
  const empty = join(directory, 'empty');
  const loot = join(directory, 'loot');
  for (const path of [directory, forged, empty, loot]) await mkdir(path, { mode: 0o700 });
  await writeFile(join(forged, 'users.sql'), 'all your data, encrypted\n');
  const snapshot = `vault:${job}/${id}/`;
  const shell = `ssh -F ${await sshConfig(key, directory)}`;
  const attempt = async (what: string, args: readonly string[]): Promise<Attempted> => {
    const end = await runProcess({ program: 'rsync', args: ['-e', shell, ...args] });
    const said = 'stderrTail' in end ? end.stderrTail : end.cause.message;
    const answer = said.split('\n').find((line) => line.includes('refused')) ?? said.split('\n')[0] ?? '';
    return {
      what,
      refused: !(end.kind === 'exited' && end.code === 0) && parseGateLine(answer)?.end === 'refused',
      answer,
    };
  };
  return [
    await attempt('rewrite an old snapshot', [...OPTIONS, `${forged}/`, snapshot]),
    await attempt('delete it', [...OPTIONS, '--delete', `${empty}/`, snapshot]),
    await attempt('read it', ['-a', snapshot, `${loot}/`]),
  ];
}

/** A fingerprint of a tree: names, kinds, modes, owners, times and contents. */
export async function fingerprint(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const path of [directory, ...paths]) {
    const { mode, uid, gid, mtimeMs, size } = await lstat(path);
    hash.update(JSON.stringify([path, mode, uid, gid, mtimeMs, size]));
    if ((await lstat(path)).isFile()) hash.update(await readFile(path));
  }
  return hash.digest('hex');
}

async function sshConfig(key: StolenKey, directory: string): Promise<string> {
  const path = join(directory, 'ssh_config');
  const lines = [
    'Host vault',
    '  HostName 127.0.0.1',
    `  Port ${key.port}`,
    `  User ${key.user}`,
    `  IdentityFile ${key.keyFile}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${key.knownHostsFile}`,
    '  BatchMode yes',
    '  LogLevel ERROR',
  ];
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}
