import { rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { startProcess, type ProcessEnd } from '../platform/process.ts';
import { clientConfig, type ConnectionTimes, type Endpoint } from './client-config.ts';
import { judgeConnection, type ConnectionFailure } from './failure.ts';

/** An open connection that rsync sessions share. */
export interface Connection {
  /** Whether ssh is still running. A connection that died silently counts as open until ssh's keepalive notices. */
  isOpen(): boolean;
  /** Ends ssh. Safe to call twice. */
  close(): Promise<void>;
}

/** How an attempt to connect ended. */
export type Connected =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'failed'; readonly failure: ConnectionFailure }
  | { readonly kind: 'aborted' };

/** What is needed to connect. */
export interface ConnectSpec {
  /** The target's name: the alias under which ssh and rsync know it. */
  readonly alias: string;
  readonly endpoint: Endpoint;
  readonly times: ConnectionTimes;
  /** A private directory (0700) for the configuration and the control socket. Its path must be short: a socket's has 108 bytes at most. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Interval of checks for the control socket, in milliseconds. */
const POLL = 4;

/** Time beyond ConnectTimeout that key exchange and authentication may take, in milliseconds. */
const HANDSHAKE_GRACE = 20_000;

/**
 * Opens one ssh connection (a master without a session of its own) for all rsync sessions of a run. That takes one handshake instead
 * of four, and distinguishes failures to connect from failures of rsync.
 *
 * With `-N` the forced command is not reached (facts.md#forced-commands): only the sessions are.
 */
export async function connect(spec: ConnectSpec, clock: Clock): Promise<Connected> {
  const socket = join(spec.directory, 'c');
  const configFile = configFileIn(spec.directory);
  let config: string;
  try {
    config = clientConfig(spec.alias, spec.endpoint, spec.times, socket);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { kind: 'failed', failure: { outcome: 'secret', reason: error.message } };
  }
  await writeFile(configFile, config, { mode: 0o600 });
  // An ssh that was killed leaves its socket, which we would mistake for that of the new connection.
  await rm(socket, { force: true });

  const master = startProcess({
    program: 'ssh',
    args: ['-F', configFile, '-o', 'ControlMaster=yes', '-N', spec.alias],
    env: sessionEnvironment(),
    signal: spec.signal,
  });
  let end: ProcessEnd | undefined;
  void master.ended.then((ended) => (end = ended));

  const giveUp = clock.monotonic() + spec.times.connect * 1000 + HANDSHAKE_GRACE;
  // ssh creates the control socket after authentication. With `-N`, nothing else shows that it has connected.
  while (!existsSync(socket) && end === undefined) {
    if (clock.monotonic() > giveUp) {
      await master.stop();
      const reason = 'the secondary accepted the connection but did not finish the handshake in time';
      return { kind: 'failed', failure: { outcome: 'could-not-connect', reason } };
    }
    await clock.sleep(POLL);
  }
  if (spec.signal.aborted) {
    await master.stop();
    return { kind: 'aborted' };
  }
  if (end !== undefined) return { kind: 'failed', failure: judgeConnection(end) };
  return {
    kind: 'connected',
    connection: { isOpen: () => end === undefined, close: () => master.stop() },
  };
}

/** The remote shell for rsync's `-e`, which uses the connection that was opened with this directory. */
export function remoteShell(directory: string): readonly string[] {
  return ['ssh', '-F', configFileIn(directory)];
}

function configFileIn(directory: string): string {
  return join(directory, 'ssh_config');
}

/** popt reads `~/.popt`, where an alias for rsync could leave files out. If HOME were unset, some programs would ask the user database. */
const NO_HOME = '/nonexistent';

/**
 * The environment of ssh and rsync: they get nothing from ours, no RSYNC_* variable changes the options, and messages come in the
 * language that we parse.
 */
export function sessionEnvironment(): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin' } = process.env;
  return { PATH, HOME: NO_HOME, LC_ALL: 'C', TZ: 'UTC' };
}
