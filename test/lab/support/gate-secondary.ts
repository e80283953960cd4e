import { chown, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { startPrivateSshd } from '../../support/sshd.ts';
import type { Network } from './hosts.ts';

/** A secondary in a network of its own, with a real sshd and the gate as it is shipped. */
export interface GateSecondary {
  readonly account: string;
  /** The primary's private key. */
  readonly key: string;
  readonly knownHosts: string;
  /** Ids of a job that have a seal, oldest first. */
  sealed(job: string): Promise<string[]>;
  /** The names of everything in the directory of a job. */
  entries(job: string): Promise<string[]>;
  /** Path of a file in a snapshot. */
  path(job: string, id: string, name: string): string;
  stop(): Promise<void>;
}

/** The name under which the gate knows the primary. */
const HOST = 'db1';

/** Starts a secondary that listens on port 22 of `address`. */
export async function startGateSecondary(
  { pid }: Network,
  address: string,
  jobs: readonly string[],
): Promise<GateSecondary> {
  // A session whose line was cut must not hold the lock of a job for longer than a test lasts.
  const settings = ['ClientAliveInterval 1', 'ClientAliveCountMax 2'];
  const sshd = await startPrivateSshd({ settings, network: { pid, address } });
  const { account } = sshd;
  const at = (name: string) => join(sshd.directory, name);
  for (const name of ['root', `root/${HOST}`, 'state', `state/${HOST}`]) {
    await mkdir(at(name), { mode: 0o700 });
    await chown(at(name), account.uid, account.gid);
  }
  await cp(join(dirname(inject('cli')), 'remote'), sshd.directory, { recursive: true });
  await writeFile(
    at('secondary.yaml'),
    JSON.stringify({
      version: 1,
      root: at('root'),
      state_dir: at('state'),
      hosts: {
        [HOST]: {
          account: account.name,
          gate: { min_free_space: '1MiB', min_free_inodes: 100 },
          retention: { last: 3, daily: 7 },
          jobs: Object.fromEntries(jobs.map((job) => [job, {}])),
        },
      },
    }),
    { mode: 0o644 },
  );
  await sshd.allow(`${process.execPath} ${at('offsite-gate.mjs')} --config ${at('secondary.yaml')} ${HOST}`);
  const entries = async (job: string) => (await readdir(at(join('root', HOST, job))).catch(() => [])).sort();
  return {
    account: account.name,
    key: await readFile(sshd.clientKey, 'utf8'),
    knownHosts: sshd.knownHosts(address, sshd.port),
    entries,
    sealed: async (job) =>
      (await entries(job)).filter((name) => name.endsWith('.sealed')).map((name) => name.slice(0, -'.sealed'.length)),
    path: (job, id, name) => at(join('root', HOST, job, id, name)),
    stop: () => sshd.stop(),
  };
}
