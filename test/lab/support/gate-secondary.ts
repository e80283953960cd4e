import { spawn } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { until } from '../../support/until.ts';
import { endProcess, inNetwork, must, type Network } from './hosts.ts';

/** A secondary in a network of its own: a real sshd, and the gate as it is shipped. */
export interface GateSecondary {
  readonly account: string;
  /** The primary's private key. */
  readonly key: string;
  readonly knownHosts: string;
  /** Ids of a job that have a seal, oldest first. */
  sealed(job: string): Promise<string[]>;
  /** Names of all that lies in the directory of a job. */
  entries(job: string): Promise<string[]>;
  /** Path of a file in a snapshot. */
  path(job: string, id: string, name: string): string;
  stop(): Promise<void>;
}

/** The name under which the gate knows the primary. */
const HOST = 'db1';
/** An account that exists nowhere else; its name must not show on the primary. */
const ACCOUNT = 'offsite-lab-4711';
const ID = 60_881;

/** Starts a secondary that listens on port 22 of `address`. */
export async function startGateSecondary(
  network: Network,
  address: string,
  jobs: readonly string[],
): Promise<GateSecondary> {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-lab-secondary-'));
  await chmod(directory, 0o755);
  const at = (name: string) => join(directory, name);
  for (const key of ['host_key', 'client_key']) {
    must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', at(key));
  }
  for (const name of ['root', `root/${HOST}`, 'state', `state/${HOST}`, 'home']) {
    await mkdir(at(name), { mode: 0o700 });
    await chown(at(name), ID, ID);
  }
  await copyFile(join(dirname(inject('cli')), 'remote/offsite-gate.mjs'), at('offsite-gate.mjs'));
  await writeFile(
    at('secondary.yaml'),
    JSON.stringify({
      version: 1,
      root: at('root'),
      state_dir: at('state'),
      hosts: {
        [HOST]: {
          account: ACCOUNT,
          gate: { min_free_space: '1MiB', min_free_inodes: 100 },
          retention: { last: 3, daily: 7 },
          jobs: Object.fromEntries(jobs.map((job) => [job, {}])),
        },
      },
    }),
    { mode: 0o644 },
  );
  const gate = `${process.execPath} ${at('offsite-gate.mjs')} --config ${at('secondary.yaml')} ${HOST}`;
  const client = await readFile(at('client_key.pub'), 'utf8');
  await writeFile(at('authorized_keys'), `command="${gate}",restrict ${client}`, { mode: 0o644 });
  await writeFile(
    at('sshd_config'),
    [
      `ListenAddress ${address}`,
      `HostKey ${at('host_key')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'PidFile none',
      'StrictModes no', // the temporary directory lies below one that all may write to
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      // A line that was cut must not hold the lock of a job for longer than a test lasts.
      'ClientAliveInterval 1',
      'ClientAliveCountMax 2',
      'LogLevel ERROR',
      '',
    ].join('\n'),
  );
  const entry = `${ACCOUNT}:x:${ID}:${ID}::${at('home')}:/bin/sh\n`;
  await writeFile(at('passwd'), `${await readFile('/etc/passwd', 'utf8')}${entry}`);
  const sshd = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'nsenter', `--net=/proc/${network.pid}/ns/net`],
      // Its own processes end with it: --kill-child. Only they see the account and the empty /run.
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'],
      ...['sh', '-c', IN_NAMESPACE, at('passwd'), '/usr/sbin/sshd', '-D', '-e', '-f', at('sshd_config')],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const entries = async (job: string) => (await readdir(at(join('root', HOST, job))).catch(() => [])).sort();
  await until(() => {
    inNetwork(network.pid, 'ssh-keyscan', '-T', '1', '-t', 'ed25519', address);
    return true;
  });
  return {
    account: ACCOUNT,
    key: await readFile(at('client_key'), 'utf8'),
    knownHosts: `${address} ${await readFile(at('host_key.pub'), 'utf8')}`,
    entries,
    sealed: async (job) =>
      (await entries(job)).filter((name) => name.endsWith('.sealed')).map((name) => name.slice(0, -'.sealed'.length)),
    path: (job, id, name) => at(join('root', HOST, job, id, name)),
    stop: async () => {
      await endProcess(sshd, 'SIGKILL'); // "unshare --fork" does not hear SIGTERM
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const IN_NAMESPACE =
  'mount --bind "$0" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd && exec "$@"';
