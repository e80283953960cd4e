import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/demo/private-sshd.ts';
import { descendants, endProcess, must } from './processes.ts';
import { until } from './until.ts';

/** An sshd of a test's own: fresh keys, a port of its own, one key with one forced command. */
export interface PrivateSshd {
  /** The account that may log in, never root: our own, or one that exists only in this sshd's mount namespace. */
  readonly account: TestAccount;
  /** A directory that the account can read; removed by {@link stop}. */
  readonly directory: string;
  /** File with the private key that is accepted. */
  readonly clientKey: string;
  /** Client configuration with the alias `secondary`. */
  readonly clientConfig: string;
  readonly port: number;
  /** Process id of sshd; for root, also the way into its mount namespace. */
  readonly pid: number;
  /** Words for rsync's `-e`. */
  readonly remoteShell: readonly string[];
  /** Text for known_hosts, under the name that the client uses. */
  knownHosts(host: string, port: number): string;
  /** Accepts the key, with this forced command, in future connections. */
  allow(forcedCommand: string): Promise<void>;
  /** Accepts a second key, with this forced command, in future connections. @returns the file with the private key */
  allowSecond(forcedCommand: string): Promise<string>;
  /** As {@link allow}, and connects: all sessions share one connection, as the controller's do. */
  authorize(forcedCommand: string): Promise<void>;
  /** Ends sshd and everything that it has started, and removes its directory. */
  stop(): Promise<void>;
}

export interface TestAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where it listens, and with what. */
export interface SshdPlace {
  /** Further lines for its configuration. */
  readonly settings?: readonly string[];
  /** The network of another process (needs root), and an address there, on which port 22 is free; default: a free port on loopback. */
  readonly network?: { readonly pid: number; readonly address: string };
}

/** Alias of the server in the client's configuration. */
export const ALIAS = 'secondary';

// Unused in Debian's scheme: above ordinary users, below the dynamic ones of systemd.
const ACCOUNT: TestAccount = { name: 'offsite-test', uid: 60_871, gid: 60_871 };

/** Starts an sshd. As root, it serves an account that only it can see; as another user, only that user. */
export async function startPrivateSshd({ settings = [], network }: SshdPlace = {}): Promise<PrivateSshd> {
  const asRoot = process.getuid?.() === 0;
  const directory = await mkdtemp(join(tmpdir(), 'offsite-sshd-'));
  await chmod(directory, 0o755);
  const path = (name: string) => join(directory, name);
  const { username, uid, gid } = userInfo();
  const account = asRoot ? ACCOUNT : { name: username, uid, gid };
  const address = network?.address ?? '127.0.0.1';
  const port = network === undefined ? await freePort() : 22;

  for (const key of ['host_key', 'client_key']) {
    must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path(key));
  }
  const hostKey = await readFile(path('host_key.pub'), 'utf8');
  const clientKey = await readFile(path('client_key.pub'), 'utf8');
  const knownHosts = (host: string, at: number) => `${at === 22 ? host : `[${host}]:${at}`} ${hostKey}`;
  await writeFile(path('sshd_config'), serverConfig(path, `${address}:${port}`, settings));
  await writeFile(path('known_hosts'), knownHosts(address, port));
  await writeFile(path('ssh_config'), clientConfig(path, address, port, account.name));
  await mkdir(path('home'), { mode: 0o700 });
  if (asRoot) {
    await chown(path('home'), account.uid, account.gid);
    const entry = `${account.name}:x:${account.uid}:${account.gid}::${path('home')}:/bin/sh\n`;
    await writeFile(path('passwd'), `${await readFile('/etc/passwd', 'utf8')}${entry}`);
  }
  const enter = network === undefined ? [] : ['nsenter', `--net=/proc/${network.pid}/ns/net`, '--'];
  const hide = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', IN_NAMESPACE, path('passwd')];
  const sshd = ['/usr/sbin/sshd', '-D', '-e', '-f', path('sshd_config')];
  // sshd ends with the test, however that ends.
  const words = ['--pdeathsig', 'KILL', '--', ...enter, ...(asRoot ? hide : []), ...sshd];
  const server = spawn('setpriv', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  let master: ChildProcess | undefined;
  const endMaster = async () => {
    if (master !== undefined) await endProcess(master);
  };
  let second = '';
  const lineOf = (forcedCommand: string, key: string) => `command="${forcedCommand}",restrict ${key}`;
  const allow = (forcedCommand: string) =>
    writeFile(path('authorized_keys'), `${lineOf(forcedCommand, clientKey)}${second}`, { mode: 0o644 });
  const allowSecond = async (forcedCommand: string) => {
    if (!existsSync(path('second_key')))
      must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'second', '-f', path('second_key'));
    second = lineOf(forcedCommand, await readFile(path('second_key.pub'), 'utf8'));
    const first = (await readFile(path('authorized_keys'), 'utf8').catch(() => '')).split('\n')[0] ?? '';
    await writeFile(path('authorized_keys'), `${first}\n${second}`, { mode: 0o644 });
    return path('second_key');
  };
  const stop = async () => {
    await endMaster();
    const sessions = descendants(server.pid ?? 0);
    await endProcess(server);
    for (const pid of sessions) endAtOnce(pid);
    if (!asRoot) spawnSync('chmod', ['-R', 'u+rwX', directory]); // what was restored there may be closed to its owner
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await untilItListens(server, [...enter, 'ssh-keyscan', '-T', '1', '-t', 'ed25519', '-p', `${port}`, address]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    account,
    directory,
    port,
    pid: server.pid ?? 0,
    clientKey: path('client_key'),
    clientConfig: path('ssh_config'),
    remoteShell: ['ssh', '-F', path('ssh_config')],
    knownHosts,
    allow,
    allowSecond,
    authorize: async (forcedCommand) => {
      await allow(forcedCommand);
      // A connection keeps the forced command that it began with.
      await endMaster();
      master = spawn('ssh', ['-F', path('ssh_config'), '-M', '-N', ALIAS], { stdio: ['ignore', 'ignore', 'inherit'] });
      await until(() => existsSync(path('master')));
    },
    stop,
  };
}

function serverConfig(path: (name: string) => string, listen: string, settings: readonly string[]): string {
  return [
    `ListenAddress ${listen}`,
    `HostKey ${path('host_key')}`,
    `AuthorizedKeysFile ${path('authorized_keys')}`,
    `PidFile none`,
    `StrictModes no`, // the temporary directory is below one that everybody may write to
    `UsePAM no`,
    `PasswordAuthentication no`,
    `KbdInteractiveAuthentication no`,
    `AcceptEnv LANG LC_*`,
    `LogLevel ERROR`,
    ...settings,
    '',
  ].join('\n');
}

function clientConfig(path: (name: string) => string, address: string, port: number, user: string): string {
  return [
    `Host ${ALIAS}`,
    `HostName ${address}`,
    `Port ${port}`,
    `User ${user}`,
    `IdentityFile ${path('client_key')}`,
    `IdentitiesOnly yes`,
    `IdentityAgent none`,
    `UserKnownHostsFile ${path('known_hosts')}`,
    `StrictHostKeyChecking yes`,
    `BatchMode yes`,
    `ControlPath ${path('master')}`,
    `LogLevel ERROR`,
    '',
  ].join('\n');
}

// Only this sshd and its children see the account and the empty /run.
const IN_NAMESPACE =
  'mount --bind "$0" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd && exec "$@"';

async function untilItListens(server: ChildProcess, [program = '', ...args]: readonly string[]): Promise<void> {
  const ended = () => server.exitCode !== null || server.signalCode !== null;
  await until(() => ended() || spawnSync(program, args, { stdio: 'ignore' }).status === 0);
  if (ended()) throw new Error(`sshd ended at once with ${server.exitCode ?? server.signalCode}`);
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended with its connection
  }
}
