import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { makeDirectories } from '../platform/files.ts';
import { runProcess, startProcess, type Companion } from '../platform/process.ts';

/** An sshd of our own on loopback: fresh keys, a free port, one key with one forced command. */
export interface PrivateSshd {
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** Replaces the forced command of the key. */
  authorize(forcedCommand: string): Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The demo cannot go on; the message says what to do. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

/** Milliseconds that sshd may take to listen. */
const START_LIMIT = 10_000;

/**
 * Starts an sshd that serves the present user, and only with the forced command.
 * @param directory private, existing; all of its files go there
 * @param publicPort the port by which clients reach it, if there is a relay in front of it (known_hosts contains ports)
 */
export async function startPrivateSshd(
  directory: string,
  publicPort: number | undefined,
  clock: Clock,
): Promise<PrivateSshd> {
  const path = (name: string) => join(directory, name);
  for (const name of ['host_key', 'client_key']) {
    await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'offsite-rsync demo', '-f', path(name)]);
  }
  // As root sshd insists on this directory (facts.md#an-sshd-of-ones-own); on a machine without a running sshd it may be missing.
  if (process.getuid?.() === 0) await makeDirectories('/run/sshd', 0o755);
  const port = await freePort();
  await writeFile(
    path('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${path('host_key')}`,
      `AuthorizedKeysFile ${path('authorized_keys')}`,
      'PidFile none',
      'StrictModes no', // the directory is below /tmp, which everybody may write to
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'LogLevel ERROR',
      '',
    ].join('\n'),
  );
  const hostKey = await readFile(path('host_key.pub'), 'utf8');
  await writeFile(path('known_hosts'), `[127.0.0.1]:${publicPort ?? port} ${hostKey}`, { mode: 0o600 });
  const clientKey = await readFile(path('client_key.pub'), 'utf8');
  const authorize = async (forcedCommand: string): Promise<void> => {
    await writeFile(path('authorized_keys'), `command="${forcedCommand}",restrict ${clientKey}`, { mode: 0o600 });
  };
  await chmod(path('client_key'), 0o600);
  const server = startProcess({ program: await sshdProgram(), args: ['-D', '-e', '-f', path('sshd_config')] });
  await untilItListens(port, server, clock);
  return {
    port,
    user: userInfo().username,
    keyFile: path('client_key'),
    knownHostsFile: path('known_hosts'),
    authorize,
    stop: () => server.stop(),
  };
}

/** A free port on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// sshd must be started with its absolute path, and /usr/sbin is not in everybody's PATH.
async function sshdProgram(): Promise<string> {
  for (const path of ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd']) {
    const end = await runProcess({ program: path, args: ['-?'] });
    if (end.kind !== 'not-started') return path;
  }
  throw new DemoError('The demo needs sshd, rrsync and python3. As root: apt-get install openssh-server rsync python3');
}

async function mustRun(program: string, args: readonly string[]): Promise<void> {
  const end = await runProcess({ program, args });
  if (end.kind === 'exited' && end.code === 0) return;
  if (end.kind === 'not-started')
    throw new DemoError(`The demo needs ${program}. As root: apt-get install openssh-client`);
  throw new DemoError(`${program} failed: ${end.stderrTail}`);
}

async function untilItListens(port: number, server: Companion, clock: Clock): Promise<void> {
  let ended: string | undefined;
  void server.ended.then((end) => (ended = 'stderrTail' in end ? end.stderrTail : end.cause.message));
  const giveUp = clock.monotonic() + START_LIMIT;
  while (!(await canConnect(port))) {
    if (ended !== undefined || clock.monotonic() > giveUp) {
      await server.stop();
      throw new DemoError(`sshd did not start: ${ended ?? 'it does not listen'}`);
    }
    await clock.sleep(20);
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
