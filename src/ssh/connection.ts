import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { typePassphrase } from './askpass.ts';
import { clientConfig, jumpConfig, type ConnectionTimes, type Endpoint } from './client-config.ts';
import type { ConnectionFailure } from './failure.ts';
import { bridgeIn, closedWay, onTheWayFailure, writeBridge } from './jump.ts';
import { explainKey } from './key-trouble.ts';
import { startSsh, type Started } from './start.ts';

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

/** How an attempt to get through the host on the way ended. */
export type Way =
  /** @param socket what connects there is connected to the secondary */
  | { readonly kind: 'open'; readonly socket: string; stop(): Promise<void> }
  | { readonly kind: 'failed'; readonly failure: ConnectionFailure }
  | { readonly kind: 'aborted' };

/**
 * Opens one ssh connection (a master without a session of its own) for all rsync sessions of a run. That takes one handshake instead
 * of four, and distinguishes failures to connect from failures of rsync. Where there is a host on the way, a second ssh connects to that first.
 *
 * With `-N` the forced command is not reached (facts.md#forced-commands): only the sessions are.
 */
export async function connect(spec: ConnectSpec, clock: Clock): Promise<Connected> {
  const ready = await prepare(spec, clock);
  if (ready.kind === 'failed') return ready;
  const { bridge, socket, open, failed, leave } = ready;
  let way: Started | undefined;
  try {
    if (bridge) {
      way = await open(['-N', onTheWay(spec)], bridge.socket);
      if (way.kind === 'aborted') return way;
      if (way.kind === 'failed') return await failed(onTheWayFailure(way.failure));
    }
    const master = await open(['-o', 'ControlMaster=yes', '-N', spec.alias], socket);
    if (master.kind === 'up') {
      const first = way;
      way = undefined;
      const close = async () => {
        await master.stop();
        if (first?.kind === 'up') await first.stop();
      };
      return { kind: 'connected', connection: { isOpen: () => master.isOpen(), close } };
    }
    if (master.kind === 'aborted') return master;
    return await failed((way?.kind === 'up' ? closedWay(way.said()) : undefined) ?? master.failure);
  } finally {
    if (way?.kind === 'up') await way.stop();
    await leave();
  }
}

/**
 * Goes as far as the host on the way, for somebody who has to ask the secondary for its host key.
 * @throws TypeError when the endpoint names no host on the way
 */
export async function openWay(spec: ConnectSpec, clock: Clock): Promise<Way> {
  const ready = await prepare(spec, clock);
  if (ready.kind === 'failed') return ready;
  const { bridge, open, failed, leave } = ready;
  if (!bridge) throw new TypeError('there is no host on the way');
  try {
    const way = await open(['-N', onTheWay(spec)], bridge.socket);
    if (way.kind === 'failed') return await failed(onTheWayFailure(way.failure));
    return way.kind === 'up' ? { kind: 'open', socket: bridge.socket, stop: () => way.stop() } : way;
  } finally {
    await leave();
  }
}

function onTheWay({ alias }: ConnectSpec): string {
  return `${alias}-jump`;
}

/** Writes what ssh needs into the private directory. */
async function prepare(spec: ConnectSpec, clock: Clock) {
  const { alias, endpoint, times, directory, signal } = spec;
  const { passphrase, jump } = endpoint;
  const socket = join(directory, 'c');
  const bridge = jump && bridgeIn(directory);
  let config: string;
  try {
    config = clientConfig(alias, endpoint, times, socket, bridge);
    if (jump && bridge) config += jumpConfig(onTheWay(spec), endpoint, jump, times, bridge);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { kind: 'failed', failure: { outcome: 'secret', reason: error.message } } as const;
  }
  const configFile = configFileIn(directory);
  await writeFile(configFile, config, { mode: 0o600 });
  if (bridge) await writeBridge(directory);
  const typist = passphrase === undefined ? undefined : await typePassphrase(passphrase, directory);
  const env = { ...sessionEnvironment(), ...typist?.environment };
  const open = (args: readonly string[], waitFor: string) =>
    startSsh(
      { args: ['-F', configFile, ...args], env, signal, connectMs: times.connect * 1000, socket: waitFor },
      clock,
    );
  const failed = async (failure: ConnectionFailure) =>
    ({ kind: 'failed', failure: await explainKey(failure, endpoint, env) }) as const;
  return { kind: 'ready', bridge, socket, open, failed, leave: async () => typist?.leave() } as const;
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
