import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until.ts';

/** An sshd of a test's own: fresh keys, a free port on loopback, one key with one forced command. */
export interface PrivateSshd {
  /** The account it lets in, never root: our own, or one that exists only inside of this sshd's mount namespace. */
  readonly account: TestAccount;
  /** A directory that the account can read; removed by {@link stop}. */
  readonly directory: string;
  /** Client configuration with the alias `secondary`. */
  readonly clientConfig: string;
  readonly port: number;
  /** Process id of sshd; as root, also the way into its mount namespace. */
  readonly pid: number;
  /** Words for rsync's `-e`. */
  readonly remoteShell: readonly string[];
  /** Writes authorized_keys anew and connects: all sessions share one connection, as the controller's do. */
  authorize(forcedCommand: string): Promise<void>;
  /** Ends sshd and removes its directory. */
  stop(): Promise<void>;
}

export interface TestAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Alias of the server in the client's configuration. */
export const ALIAS = 'secondary';

// Free in Debian's scheme: above ordinary users, below the dynamic ones of systemd.
const ACCOUNT: TestAccount = { name: 'offsite-test', uid: 60_871, gid: 60_871 };

/**
 * Starts an sshd. As root, it serves an account that nobody outside of it sees; as another user, just that user.
 * @param settings further lines for its configuration
 */
export async function startPrivateSshd(settings: readonly string[] = []): Promise<PrivateSshd> {
  const asRoot = process.getuid?.() === 0;
  const directory = await mkdtemp(join(tmpdir(), 'offsite-sshd-'));
  await chmod(directory, 0o755);
  const { username, uid, gid } = userInfo();
  const account = asRoot ? ACCOUNT : { name: username, uid, gid };
  const path = (name: string) => join(directory, name);

  for (const key of ['host_key', 'client_key']) {
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path(key)]);
  }
  const port = await freePort();
  await writeFile(
    path('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${path('host_key')}`,
      `AuthorizedKeysFile ${path('authorized_keys')}`,
      `PidFile none`,
      `StrictModes no`, // the temporary directory lies below one that all may write to
      `UsePAM no`,
      `PasswordAuthentication no`,
      `KbdInteractiveAuthentication no`,
      `AcceptEnv LANG LC_*`,
      `LogLevel ERROR`,
      ...settings,
      '',
    ].join('\n'),
  );
  await writeFile(path('known_hosts'), `[127.0.0.1]:${port} ${await readFile(path('host_key.pub'), 'utf8')}`);
  await writeFile(
    path('ssh_config'),
    [
      `Host ${ALIAS}`,
      `HostName 127.0.0.1`,
      `Port ${port}`,
      `User ${account.name}`,
      `IdentityFile ${path('client_key')}`,
      `IdentitiesOnly yes`,
      `IdentityAgent none`,
      `UserKnownHostsFile ${path('known_hosts')}`,
      `StrictHostKeyChecking yes`,
      `BatchMode yes`,
      `ControlPath ${path('master')}`,
      `LogLevel ERROR`,
      '',
    ].join('\n'),
  );
  await mkdir(path('home'), { mode: 0o700 });
  if (asRoot) {
    await chown(path('home'), account.uid, account.gid);
    const entry = `${account.name}:x:${account.uid}:${account.gid}::${path('home')}:/bin/sh\n`;
    await writeFile(path('passwd'), `${await readFile('/etc/passwd', 'utf8')}${entry}`);
  }
  const sshd = ['/usr/sbin/sshd', '-D', '-e', '-f', path('sshd_config')];
  const server = asRoot
    ? spawn(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-c', IN_NAMESPACE, path('passwd'), ...sshd],
        SPAWN,
      )
    : spawn(sshd[0] ?? '', sshd.slice(1), SPAWN);
  const client = await readFile(path('client_key.pub'), 'utf8');
  await untilItListens(port, server);
  let master: ChildProcess | undefined;
  return {
    account,
    directory,
    port,
    pid: server.pid ?? 0,
    clientConfig: path('ssh_config'),
    remoteShell: ['ssh', '-F', path('ssh_config')],
    authorize: async (forcedCommand) => {
      await writeFile(path('authorized_keys'), `command="${forcedCommand}",restrict ${client}`, { mode: 0o644 });
      // A connection keeps the forced command of its beginning.
      await end(master);
      master = spawn('ssh', ['-F', path('ssh_config'), '-M', '-N', ALIAS], SPAWN);
      await until(() => existsSync(path('master')));
    },
    stop: async () => {
      await end(master);
      await end(server);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const SPAWN: SpawnOptions = { stdio: ['ignore', 'ignore', 'inherit'], detached: true };

// Only this sshd and its children see the account and the empty /run.
const IN_NAMESPACE =
  'mount --bind "$0" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd && exec "$@"';

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilItListens(port: number, server: ChildProcess): Promise<void> {
  await until(() => {
    if (server.exitCode !== null) throw new Error(`sshd ended at once with ${server.exitCode}`);
    const ask = ['-T', '1', '-t', 'ed25519', '-p', `${port}`, '127.0.0.1'];
    return spawnSync('ssh-keyscan', ask, { stdio: 'ignore' }).status === 0;
  });
}

async function end(server: ChildProcess | undefined): Promise<void> {
  if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  process.kill(-server.pid, 'SIGTERM');
  await ended;
}
