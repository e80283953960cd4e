import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, link, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { sealOf, startGateHost, type ClientEnd, type GateHost } from '../../ssh/support/gate-host.ts';
import { removeTree } from '../../ssh/support/remove-tree.ts';
import { fillSampleTree } from '../../ssh/support/sample-tree.ts';
import { ALIAS } from '../../support/sshd.ts';
import { endProcess, must } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { startWatch } from './watch.ts';

/** A secondary behind the gate with two sealed snapshots that share inodes, and what an attacker has: its keys. */
export interface Siege {
  readonly host: GateHost;
  /** Two sealed snapshots of the job `db`, which share inodes. */
  readonly sealed: readonly [SnapshotId, SnapshotId];
  /** A sealed snapshot of another job of this host. */
  readonly beside: SnapshotId;
  /** A directory outside of the root that the push account could write to. */
  readonly outside: string;
  /** A directory of the attacker's; empty at the beginning of each case. */
  readonly aside: string;
  /** A command line with one of the keys; undefined asks for a shell. @param options for ssh, before the alias */
  ssh(commandLine: string | undefined, attempt?: Attempt): Promise<ClientEnd>;
  /** Words for a remote shell with one of the keys. */
  remoteShell(key: 'push' | 'read'): readonly string[];
  /** Any other program of the attacker's. */
  run(program: string, ...args: readonly string[]): Promise<ClientEnd>;
  /** rsync with arguments of the attacker's choice, and the right remote shell. */
  rsync(...args: readonly string[]): Promise<ClientEnd>;
  /** A tree like that of the snapshots, at a new place of {@link aside}. */
  hostileTree(): string;
  /** Pushes the tree, and freezes what came of it. @returns the id of an attempt that is frozen */
  frozen(source?: string): Promise<SnapshotId>;
  /** Lines of the ledger of attempts. */
  attempts(): Promise<readonly string[]>;
  /** Empties {@link aside}, and restores the settings. */
  begin(): Promise<void>;
  /** What has been harmed since the last look: anything that a sealed snapshot is, anything outside of the root, a process that is left. */
  harm(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** How ssh is called. */
export interface Attempt {
  readonly key?: 'push' | 'read';
  readonly options?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds, after which the client is ended; 20,000 unless told. */
  readonly patience?: number;
}

/** Milliseconds in which the processes of a session that has ended have to be gone. */
const SOON = 10_000;

/** What the gate keeps of attempts and sessions, which an attacker may bring about. */
const FREE = [
  'primary-[^/]*',
  'root/web1/_selftest',
  'state/web1/(gate\\.log.*|settings\\.json.*|\\.[a-z]+\\.lock|spool|[a-z_]+\\.(lock|attempts\\.jsonl|unflushed|manifests?.*))',
  '(master|read)',
  'secondary\\.yaml', // the tests change the limits
];

/** Starts it. */
export async function startSiege(metadata: 'fake_super' | 'plain' = 'fake_super'): Promise<Siege> {
  const host = await startGateHost();
  return prepare(host, metadata).catch(async (error: unknown) => {
    await host.stop();
    throw error;
  });
}

async function prepare(host: GateHost, metadata: 'fake_super' | 'plain'): Promise<Siege> {
  const { sshd, source, jobDirectory } = host;
  const at = (name: string) => join(sshd.directory, name);
  const gate = { attempts_per_day: 1000, max_session_bytes: '64MiB' };
  const configure = () => host.configure({ metadata, gate });
  await configure();
  await fillOddTree(source);
  const first = await host.store();
  const second = await host.store({ bases: [first] });
  const beside = host.nextId();
  const toFiles = (words: readonly string[]) => words.map((word) => word.replace('secondary:db/', 'secondary:files/'));
  for (const words of [host.pushArguments(beside), await sealWords(beside)]) {
    const { code, stderr } = await host.rsync(toFiles(words));
    if (code !== 0) throw new Error(stderr);
  }
  const outside = at('outside');
  await mkdir(outside);
  await writeFile(join(outside, 'file'), 'outside of the root\n');
  for (const path of [outside, join(outside, 'file')]) await chown(path, sshd.account.uid, sshd.account.gid);
  // As the first line of the installed program starts it, with this node.
  const gateOf = (...words: string[]) =>
    `/usr/bin/env -u NODE_OPTIONS LC_ALL=C ${process.execPath} ${host.bundle} --config ${host.config} ${words.join(' ')}`;
  await sshd.authorize(gateOf('web1'));
  const readKey = await sshd.allowSecond(gateOf('--read', 'web1'));
  const aside = join(dirname(source), 'aside');

  const reading = [`IdentityFile=${readKey}`, `ControlPath=${at('read')}`];
  const remoteShell = (key: 'push' | 'read') => [
    ...sshd.remoteShell,
    ...(key === 'push' ? [] : reading.flatMap((option) => ['-o', option])),
  ];

  const [program, ...words] = [...remoteShell('read'), '-M', '-N', ALIAS];
  const master = spawn(program, words, { stdio: 'ignore' });
  await until(() => existsSync(at('read')));

  async function sealWords(id: SnapshotId): Promise<string[]> {
    const file = join(dirname(source), `${id}.sealed`);
    await writeFile(file, JSON.stringify(sealOf(id, { job: 'files' })));
    return ['-t', '-e', sshd.remoteShell.join(' '), file, `${ALIAS}:db/${id}.sealed`];
  }

  const ids = [first, second, beside].join('|');
  const watch = await startWatch({
    directory: sshd.directory,
    free: `^((${FREE.join('|')})(/|$)|root/web1/(db|files)/(?!(${ids}))[^/]*Z(\\.|/|$))`,
    loose: '^(|root/web1|root/web1/(db|files)|state/web1)$',
  });

  const siege: Siege = {
    host,
    sealed: [first, second],
    beside,
    outside,
    aside,
    ssh: (commandLine, { key = 'push', options = [], environment = {}, patience = 20_000 } = {}) => {
      const [shell, ...words] = [...remoteShell(key), ...options, ALIAS];
      return runFor(
        patience,
        shell,
        [...words, ...(commandLine === undefined ? [] : ['--', commandLine])],
        environment,
      );
    },
    remoteShell,
    run: (program, ...args) => runFor(60_000, program, args, {}),
    rsync: (...args) => runFor(60_000, 'rsync', ['-e', sshd.remoteShell.join(' '), ...args], {}),
    hostileTree: () => {
      const tree = join(aside, 'tree');
      must('cp', '-a', source, tree);
      return tree;
    },
    frozen: async (from) => {
      const id = host.nextId();
      await host.push(id, from === undefined ? {} : { source: from });
      await host.push(host.nextId());
      return id;
    },
    attempts: async () => (await readFile(join(host.hostState, 'db.attempts.jsonl'), 'utf8')).trimEnd().split('\n'),
    begin: async () => {
      await removeTree(aside);
      await mkdir(aside);
      await configure();
    },
    harm: async () => {
      let left: readonly string[] = [];
      await until(async () => (left = await watch.processes()).length === 0, SOON).catch(() => undefined);
      return [...(await watch.changes()), ...left.map((process) => `left: ${process}`)];
    },
    stop: async () => {
      await watch.stop();
      await endProcess(master);
      spawnSync('chmod', ['-R', 'u+rwX', jobDirectory]);
      await host.stop();
    },
  };
  await siege.begin();
  return siege;
}

/** As expected of whatever the gate does not let in. @param reason part of what the sender is told */
export function expectRefused({ code, stderr }: ClientEnd, reason = ''): void {
  expect(stderr).toContain(`offsite-gate: refused: ${reason}`);
  expect(code).not.toBe(0);
}

/** Sends command lines at the same time, none of which may be let in. */
export async function expectAllRefused(siege: Siege, lines: readonly string[], attempt?: Attempt): Promise<void> {
  for (const end of await Promise.all(lines.map((line) => siege.ssh(line, attempt)))) expectRefused(end);
}

/** One of everything, with modes, links, hard links, ACLs and names that are odd. */
async function fillOddTree(directory: string): Promise<void> {
  await fillSampleTree(directory);
  const at = (name: string) => join(directory, name);
  await mkdir(at('odd/shared'), { recursive: true });
  for (const [name, mode] of [
    // Only root can send what its owner may not read.
    ...(process.getuid?.() === 0
      ? ([
          ['none', 0o000],
          ['write-only', 0o200],
        ] as const)
      : []),
    ['sticky', 0o1666],
    ['set', 0o6755],
  ] as const) {
    await writeFile(at(`odd/${name}`), `${name}\n`);
    await chmod(at(`odd/${name}`), mode);
  }
  await writeFile(at(`odd/${'n'.repeat(255)}`), 'long\n');
  await writeFile(at('odd/new\nline'), 'lines\n');
  await writeFile(at('odd/shared/one'), 'one file\n');
  for (const name of ['odd/shared/two', 'deep/three']) await link(at('odd/shared/one'), at(name));
  await symlink('shared', at('odd/to-directory'));
  await symlink('nowhere', at('odd/dangling'));
  await symlink('../../../..', at('odd/up'));
  await mkdir(at('odd/closed'), { mode: 0o500 });
  await chmod(at('odd/shared'), 0o2750);
  must('python3', '-I', '-c', ACLS, at('odd/shared/one'), at('odd/set'), at('odd'));
  const past = new Date('2026-01-02T03:04:05.678Z');
  for (const name of ['odd/shared', 'odd', '.']) await utimes(at(name), past, past);
}

// user::rwx user:33:r-x group::r-x mask::rwx other::---; for a directory also for what will be made in it.
const ACLS = `
import os, struct, sys
entry = lambda tag, bits, who=0xffffffff: struct.pack('<HHI', tag, bits, who)
acl = struct.pack('<I', 2) + entry(1, 7) + entry(2, 5, 33) + entry(4, 5) + entry(16, 7) + entry(32, 0)
for path in sys.argv[1:]:
    os.setxattr(path, 'system.posix_acl_access', acl)
    if os.path.isdir(path): os.setxattr(path, 'system.posix_acl_default', acl)
`;

/** Runs a client to its end, or ends it: an attacker may wait for ever. */
function runFor(
  patience: number,
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ClientEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('latin1')));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('latin1')));
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}
