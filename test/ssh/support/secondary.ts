import { chown, copyFile, mkdir, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { layLine, type Line } from '../../support/line.ts';
import { startPrivateSshd, type PrivateSshd } from '../../support/sshd.ts';
import { recordTree } from './tree-record.ts';

/** An address that nothing else uses, because it must not appear anywhere. */
const CANARY_ADDRESS = '127.77.3.9';

/** A secondary with only sshd, rsync and rrsync, behind a line of its own. */
export interface Secondary {
  readonly sshd: PrivateSshd;
  readonly line: Line;
  /** rrsync's root. */
  readonly root: string;
  /** The forced command of an ordinary plain secondary. */
  readonly forcedCommand: string;
  /** Replaces the forced command for future connections; default: the ordinary one. */
  force(command?: string): Promise<void>;
  /** Accepts another key instead of the client's. */
  lockOut(): Promise<void>;
  /** Ids of snapshot directories of a job, oldest first. */
  snapshots(job: string): Promise<string[]>;
  /** Ids that have a seal, oldest first. */
  sealed(job: string): Promise<string[]>;
  /** Path of a snapshot, or of a file in it. */
  path(job: string, id: string, name?: string): string;
  /** Everything that must never change about the sealed snapshots of a job. */
  record(job: string): Promise<Map<string, string[]>>;
  /** Pids of this account's rsync servers below our root. */
  servers(): Promise<number[]>;
  stop(): Promise<void>;
}

/**
 * Starts a secondary.
 * @param place an empty directory to be its root; default: one of its own
 * @param settings further lines for sshd's configuration
 */
export async function startSecondary(place?: string, settings: readonly string[] = []): Promise<Secondary> {
  const sshd = await startPrivateSshd({ settings });
  const { account, directory } = sshd;
  const root = place ?? join(directory, 'root');
  if (place === undefined) await mkdir(root, { mode: 0o700 });
  await chown(root, account.uid, account.gid);
  const line = await layLine(sshd.port, CANARY_ADDRESS);
  const forcedCommand = `rrsync -wo -no-del -munge ${root}`;
  const force = (command = forcedCommand) => sshd.allow(command);
  await force();

  const entries = async (job: string) => (await readdir(join(root, job)).catch(() => [])).sort();
  const secondary: Secondary = {
    sshd,
    line,
    root,
    forcedCommand,
    force,
    lockOut: () => copyFile(join(directory, 'host_key.pub'), join(directory, 'authorized_keys')),
    snapshots: async (job) => (await entries(job)).filter((name) => !name.endsWith('.sealed')),
    sealed: async (job) =>
      (await entries(job)).filter((name) => name.endsWith('.sealed')).map((name) => name.slice(0, -'.sealed'.length)),
    path: (job, id, name = '') => join(root, job, id, name),
    record: async (job) => {
      const sealed = await secondary.sealed(job);
      const lines = sealed.length === 0 ? [] : recordTree(join(root, job));
      return new Map(
        sealed.map((id) => [id, lines.filter((line) => line.startsWith(`b'/${id}`) || line.startsWith(`b"/${id}`))]),
      );
    },
    servers: () => processesWith((argv) => argv.includes('--server') && argv[0]?.endsWith('rsync') === true, root),
    stop: async () => {
      await line.hangUp();
      spawnSync('chmod', ['-R', 'u+rwX', root]); // modes that a test has set may lock us out if we are not root
      await sshd.stop();
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  return secondary;
}

/** Pids of processes whose arguments satisfy `test` and whose working directory is below `below`. */
async function processesWith(test: (argv: readonly string[]) => boolean, below: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const pid of pids) {
    try {
      const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
      if (test(argv) && (await readlink(`/proc/${pid}/cwd`)).startsWith(below)) found.push(Number(pid));
    } catch {
      // It has ended, or we may not read it.
    }
  }
  return found;
}
