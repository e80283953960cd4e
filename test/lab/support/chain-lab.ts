import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { until } from '../../support/until.ts';
import { startGateSecondary, type GateSecondary } from './gate-secondary.ts';
import { layVeth, openNetwork } from './hosts.ts';
import { bootMachine, layNode, type Machine } from './machine.ts';

/** One alert, as the command channel receives it. */
export interface LabAlert {
  readonly event: string;
  readonly subject: string;
  readonly body: string;
  readonly job?: string;
  readonly exit_code?: number;
}

/** A primary with systemd and a secondary with sshd and the gate, with a line between them. */
export interface ChainLab {
  readonly machine: Machine;
  readonly secondary: GateSecondary;
  /** Cuts the line silently: nothing goes through. */
  cutLine(): void;
  /** Repairs it; resolves when the secondary can be reached again. */
  mendLine(): Promise<void>;
  /** What must not appear anywhere on the primary. */
  readonly canaries: readonly string[];
  /** Size of dumps from now on, in bytes; `fail`: making one fails. */
  setDump(size: number | 'fail'): void;
  /** All alerts since the last call. */
  newAlerts(): LabAlert[];
  /** Waits until a unit is neither starting nor stopping, and returns its state then. */
  settled(unit: string): Promise<string>;
  /** Waits until a transfer of a job has begun to write. */
  writing(job: string): Promise<void>;
  stop(): Promise<void>;
}

const PRIMARY = '10.213.77.1';
const SECONDARY = '10.213.77.2';
const TOKEN = 'token-4711-canary';

/** Bytes of a dump that takes some ten seconds on the line. */
export const LARGE = 12 * 1024 * 1024;
export const SMALL = 100_000;

/** Units that would affect more than the machine itself, or that only take time. */
export const MASKED = [
  ...['systemd-timesyncd', 'systemd-modules-load', 'systemd-sysctl', 'systemd-binfmt', 'systemd-random-seed'].map(
    (name) => `${name}.service`,
  ),
  ...['systemd-udevd', 'systemd-udev-trigger', 'systemd-remount-fs', 'systemd-pstore', 'kmod-static-nodes'].map(
    (name) => `${name}.service`,
  ),
  ...['proc-sys-fs-binfmt_misc.automount', 'sys-kernel-config.mount', 'sys-kernel-debug.mount'],
  ...['sys-kernel-tracing.mount', 'sys-fs-fuse-connections.mount', 'dev-hugepages.mount', 'dev-mqueue.mount'],
  'timers.target',
];

const MAKE_DUMP = `#!/bin/sh
set -eu
size=$(cat /etc/lab/size)
if [ "$size" = fail ]; then echo "the database is down" >&2; exit 3; fi
umask 077
head -c "$size" /dev/urandom >"$1/dump.sql"
`;

const TELL = `#!/bin/sh
# The administrator's own program: it records what it is told, if it was given its token.
[ "$TOKEN" = ${TOKEN} ] && cat >>/var/lib/offsite-rsync/alerts
`;

/**
 * Starts it all.
 * @param units units of the primary, by name
 * @param jobs jobs, each with its source below /var/backups
 * @param changes changed settings, by job
 */
export async function startChainLab(
  units: Readonly<Record<string, string>>,
  jobs: readonly string[],
  changes: Readonly<Record<string, object>> = {},
): Promise<ChainLab> {
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const act of undo.splice(0).reverse()) await act();
  };
  try {
    const near = await openNetwork();
    undo.push(() => near.stop());
    const far = await openNetwork();
    undo.push(() => far.stop());
    const line = layVeth(near, PRIMARY, far, SECONDARY);
    const secondary = await startGateSecondary(far, SECONDARY, jobs);
    undo.push(() => secondary.stop());
    const files = await mkdtemp(join(tmpdir(), 'offsite-lab-files-'));
    undo.push(() => rm(files, { recursive: true, force: true }));
    await layFiles(files, units, configOf(jobs, changes), secondary);
    const machine = await bootMachine(files, near.pid);
    undo.push(() => machine.stop());
    for (const job of jobs) machine.must('install', '-d', '-o', 'backup', '-m', '0700', `/var/backups/${job}`);
    return {
      ...observe(machine, secondary),
      cutLine: () => line.cut(),
      mendLine: async () => {
        line.mend();
        await until(() => machine.run('ssh-keyscan', '-T', '1', '-t', 'ed25519', SECONDARY).code === 0);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function observe(machine: Machine, secondary: GateSecondary): Omit<ChainLab, 'cutLine' | 'mendLine' | 'stop'> {
  let read = 0;
  return {
    machine,
    secondary,
    canaries: [SECONDARY, secondary.account, TOKEN, secondary.key.split('\n')[2] ?? ''],
    setDump: (size) => void machine.must('sh', '-c', 'echo "$0" >/etc/lab/size', `${size}`),
    newAlerts: () => {
      const text = machine.read('/var/lib/offsite-rsync/alerts');
      const lines = text.slice(read).split('\n').filter(Boolean);
      read = text.length;
      return lines.map((one) => JSON.parse(one) as LabAlert);
    },
    settled: async (unit) => {
      let state = '';
      await until(() => {
        state = machine.run('systemctl', 'is-active', unit).stdout.trim();
        return !/^(activating|deactivating|reloading)$/.test(state);
      }, 60_000);
      return state;
    },
    writing: async (job) => {
      const before = await secondary.sealed(job);
      await until(async () => (await secondary.entries(job)).some((name) => name.endsWith('.partial')));
      if ((await secondary.sealed(job)).length !== before.length) throw new Error('it was sealed too soon');
    },
  };
}

async function layFiles(
  root: string,
  units: Readonly<Record<string, string>>,
  config: object,
  secondary: GateSecondary,
): Promise<void> {
  await chmod(root, 0o755);
  const lay = async (name: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text, { mode });
  };
  await lay('etc/systemd/system/offsite-lab.target', '[Unit]\nDescription=A lab\nDefaultDependencies=no\n');
  for (const name of MASKED) await symlink('/dev/null', join(root, 'etc/systemd/system', name));
  for (const [name, text] of Object.entries(units)) await lay(`etc/systemd/system/${name}`, text);
  await lay('etc/hostname', 'db1\n');
  await lay('etc/lab/size', `${SMALL}\n`);
  await lay('usr/local/bin/make-dump', MAKE_DUMP, 0o755);
  await lay('usr/local/bin/tell', TELL, 0o755);
  await cp(dirname(inject('cli')), join(root, 'opt/offsite-rsync/dist'), { recursive: true });
  await symlink('/opt/offsite-rsync/dist/cli.js', join(root, 'usr/local/bin/offsite-rsync'));
  await layNode(root);
  await lay('etc/offsite-rsync/config.yaml', JSON.stringify(config));
  const credentials = {
    'vault-host': SECONDARY,
    'vault-user': secondary.account,
    'vault-key': secondary.key,
    'vault-known-hosts': secondary.knownHosts,
    token: TOKEN,
  };
  for (const [name, value] of Object.entries(credentials)) {
    await lay(`etc/offsite-rsync/credentials/${name}`, value, 0o600);
  }
  await chmod(join(root, 'etc/offsite-rsync/credentials'), 0o700);
}

function configOf(jobs: readonly string[], changes: Readonly<Record<string, object>>) {
  const credential = (name: string) => ({ credential: name });
  return {
    version: 1,
    targets: {
      vault: {
        host: credential('vault-host'),
        user: credential('vault-user'),
        identity: credential('vault-key'),
        known_hosts: credential('vault-known-hosts'),
        bandwidth_limit: '1MiB',
        connect_timeout: '2s',
        io_timeout: '10s',
        busy_timeout: '20s',
        keepalive: { interval: '1s', count: 2 },
      },
    },
    jobs: Object.fromEntries(
      jobs.map((job) => [
        job,
        {
          source: `/var/backups/${job}`,
          retry: { attempts: 1, delay: '100ms', max_delay: '200ms' },
          guard: { max_shrink: 'off' },
          deadline: '2m',
          expect: { schedule: '0 * * * *' },
          ...changes[job],
        },
      ]),
    ),
    alerts: {
      channels: {
        file: {
          type: 'command',
          command: ['/usr/local/bin/tell'],
          env: { TOKEN: credential('token') },
          events: ['success', 'failure', 'recovery', 'warning', 'stale'],
        },
      },
    },
  };
}
