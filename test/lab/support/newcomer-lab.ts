import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillWithEverything } from '../../ssh/support/full-tree.ts';
import { MASKED } from './chain-lab.ts';
import { endProcess } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { layVeth, openNetwork, type Network } from './hosts.ts';
import { bootMachine, layNode, type Machine } from './machine.ts';

/** The result of a block that was typed. */
export interface Typed {
  readonly output: string;
  /** Each command that did not end with 0: its exit code and its text. */
  readonly failed: readonly string[];
}

/** Two machines as they are when somebody has only just read about this project. */
export interface NewcomerLab {
  readonly primary: Machine;
  readonly secondary: Machine;
  /** Types something at root's prompt, which keeps its current directory for the next time. */
  type(on: 'primary' | 'secondary', text: string): Typed;
  /** What the messenger received: an HTTP server that accepts everything. */
  told(): string;
  stop(): Promise<void>;
}

export const ADDRESS = { primary: '10.213.78.1', secondary: '10.213.78.2' } as const;
/** Where the messenger of {@link NewcomerLab.told} listens. */
export const MESSENGER = `http://${ADDRESS.secondary}:8080/topic-nobody-guesses`;
export const SOURCE = '/var/backups/postgres';
const root = fileURLToPath(new URL('../../..', import.meta.url));

const BACKUP_UNIT = `[Unit]
Description=Make a dump
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'date +%%N >${SOURCE}/db.sql'
`;

/** `npm ci` without a network: what it would fetch is there already, and belongs to the same package-lock.json. */
const AFTER_CLONE = `#!/bin/sh
mkdir node_modules && cd node_modules
for package in /opt/lab/node_modules/* /opt/lab/node_modules/.bin; do ln -s "$package" .; done
cp /opt/lab/node_modules/.package-lock.json /opt/lab/node_modules/.offsite-dependencies .
`;

const TYPE = `export HOME=/root USER=root LOGNAME=root
cd "$(cat /run/lab/directory)"
set -E
trap 'printf "%s: %s\\n" $? "$BASH_COMMAND" >>/run/lab/failed' ERR
trap 'pwd >/run/lab/directory' EXIT
`;

/** Starts it all; takes some seconds. */
export async function startNewcomerLab(): Promise<NewcomerLab> {
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const act of undo.splice(0).reverse()) await act();
  };
  try {
    const files = await mkdtemp(join(tmpdir(), 'offsite-newcomer-'));
    undo.push(() => rm(files, { recursive: true, force: true }));
    await layFiles(files);
    const networks: Network[] = [];
    const machines: Machine[] = [];
    for (const name of ['db1', 'vault']) {
      const network = await openNetwork();
      undo.push(() => network.stop());
      networks.push(network);
      await writeFile(join(files, 'etc/hostname'), `${name}\n`);
      const machine = await bootMachine(files, network.pid, join(root, 'node_modules'));
      undo.push(() => machine.stop());
      machine.must('hostname', name);
      machines.push(machine);
    }
    const [near, far] = networks as [Network, Network];
    const [primary, secondary] = machines as [Machine, Machine];
    layVeth(near, ADDRESS.primary, far, ADDRESS.secondary);
    fillWithEverything(seenFromOutside(primary, SOURCE));
    primary.must('systemctl', 'start', 'pg-backup.service'); // last night's
    prepareSecondary(secondary, primary);
    const messenger = startMessenger(far);
    undo.push(messenger.stop);
    await until(() => primary.run('sh', '-c', `ssh-keyscan ${ADDRESS.secondary} | grep -q .`).code === 0);
    return {
      primary,
      secondary,
      type: (on, text) => typeAt(on === 'primary' ? primary : secondary, text),
      told: messenger.told,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The path under which this process sees a file of a machine. */
export function seenFromOutside(machine: Machine, path: string): string {
  return `/proc/${machine.init}/root${path}`;
}

async function layFiles(files: string): Promise<void> {
  await chmod(files, 0o755);
  const lay = async (name: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(files, name)), { recursive: true });
    await writeFile(join(files, name), text, { mode });
  };
  await lay('etc/systemd/system/offsite-lab.target', '[Unit]\nDescription=A lab\nDefaultDependencies=no\n');
  for (const name of MASKED) await symlink('/dev/null', join(files, 'etc/systemd/system', name));
  await lay('etc/systemd/system/pg-backup.service', BACKUP_UNIT);
  await lay('etc/hosts', `127.0.0.1 localhost\n${ADDRESS.primary} db1\n${ADDRESS.secondary} vault\n`);
  await lay('etc/ssh/sshd_config.d/ports.conf', 'Port 22\nPort 2222\n'); // the second one for readers who use another port
  await lay('etc/gitconfig', '[init]\ntemplateDir = /opt/lab/template\n');
  await lay('opt/lab/template/hooks/post-checkout', AFTER_CLONE, 0o755);
  await layNode(files);
  await copyTree(join(files, 'opt/lab/origin'));
}

/** The project as it would be committed now. */
async function copyTree(to: string): Promise<void> {
  const must = (program: string, args: readonly string[], cwd: string, input?: Buffer) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, input, maxBuffer: 256 * 1024 * 1024 });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.toString()}`);
    return stdout;
  };
  await mkdir(to, { recursive: true });
  const names = must('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'], root);
  const args = ['-c', '--null', '--files-from=-', '--ignore-failed-read', '--warning=no-failed-read'];
  must('tar', ['-x'], to, must('tar', args, root, names));
  must('git', ['init', '--quiet', '--template='], to);
  must('git', ['add', '--all'], to);
  must('git', ['-c', 'user.name=lab', '-c', 'user.email=lab@localhost', 'commit', '--quiet', '-m', 'As it is'], to);
}

/** What an administrator of a server has: sshd, and an account of their own with a key. */
function prepareSecondary(secondary: Machine, primary: Machine): void {
  for (const machine of [primary, secondary]) {
    machine.must('sh', '-c', 'mkdir -p /run/lab && echo /root >/run/lab/directory && ssh-keygen -A');
  }
  primary.must('sh', '-c', 'rm -rf /root/.ssh && install -d -m 0700 /root/.ssh');
  primary.must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'root@db1', '-f', '/root/.ssh/id_ed25519');
  secondary.must('useradd', '--create-home', '--shell', '/bin/bash', '--password', '*', 'admin');
  const mine = primary.read('/root/.ssh/id_ed25519.pub').trim();
  secondary.must('install', '-d', '-m', '0700', '-o', 'admin', '/home/admin/.ssh');
  secondary.must('sh', '-c', `echo '${mine}' >/home/admin/.ssh/authorized_keys`);
  secondary.must('systemctl', 'start', 'systemd-user-sessions.service', 'ssh.service'); // until then, only root may log in
  const key = secondary.read('/etc/ssh/ssh_host_ed25519_key.pub').trim();
  primary.must('sh', '-c', `echo 'vault ${key}\n[vault]:2222 ${key}' >/root/.ssh/known_hosts`);
}

function typeAt(machine: Machine, text: string): Typed {
  machine.must('sh', '-c', 'printf %s "$0" >/run/lab/typed; : >/run/lab/failed', TYPE + text);
  const { stdout, stderr } = machine.run('sh', '-c', 'bash /run/lab/typed 2>&1 </dev/null');
  const failed = machine.read('/run/lab/failed').split('\n').filter(Boolean);
  return { output: stdout + stderr, failed };
}

/** A fake of ntfy.sh, which cannot be reached from a lab. */
function startMessenger(network: Network): { told: () => string; stop: () => Promise<void> } {
  const server = `require('node:http').createServer((request, response) => {
    request.pipe(process.stdout, { end: false });
    request.on('end', () => response.end('{}'));
  }).listen(8080)`;
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'nsenter', `--net=/proc/${network.pid}/ns/net`, process.execPath, '-e', server],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
  return { told: () => told, stop: () => endProcess(child) };
}
