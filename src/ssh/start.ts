import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Clock } from '../platform/clock.ts';
import { startProcess, type ProcessEnd } from '../platform/process.ts';
import { judgeConnection, type ConnectionFailure } from './failure.ts';

/** An ssh without a session of its own, and how its handshake ended. */
export type Started =
  | {
      readonly kind: 'up';
      isOpen(): boolean;
      /** What it has written to standard error so far. */
      said(): string;
      stop(): Promise<void>;
    }
  | { readonly kind: 'failed'; readonly failure: ConnectionFailure }
  | { readonly kind: 'aborted' };

/** What to start and what to wait for. */
interface SshSpec {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long a connection may take, in milliseconds. */
  readonly connectMs: number;
  /** ssh makes this socket after authentication. With `-N`, nothing else shows that it has connected. */
  readonly socket: string;
}

/** Interval of checks for the socket, in milliseconds. */
const POLL = 4;

/** Time beyond ConnectTimeout that key exchange and authentication may take, in milliseconds. */
const HANDSHAKE_GRACE = 20_000;

/** Starts ssh, and waits until it has connected or ended. */
export async function startSsh({ args, env, signal, connectMs, socket }: SshSpec, clock: Clock): Promise<Started> {
  // An ssh that was killed leaves its socket, which we would mistake for that of the new connection.
  await rm(socket, { force: true });
  const said: string[] = [];
  const ssh = startProcess({ program: 'ssh', args, env, signal, onStderrLine: (line) => said.push(line) });
  let end: ProcessEnd | undefined;
  void ssh.ended.then((ended) => (end = ended));

  const giveUp = clock.monotonic() + connectMs + HANDSHAKE_GRACE;
  while (!existsSync(socket) && end === undefined) {
    if (clock.monotonic() > giveUp) {
      await ssh.stop();
      const reason = 'the secondary accepted the connection but did not finish the handshake in time';
      return { kind: 'failed', failure: { outcome: 'could-not-connect', reason } };
    }
    await clock.sleep(POLL);
  }
  if (signal.aborted) {
    await ssh.stop();
    return { kind: 'aborted' };
  }
  if (end !== undefined) return { kind: 'failed', failure: judgeConnection(end) };
  return { kind: 'up', isOpen: () => end === undefined, said: () => said.join('\n'), stop: () => ssh.stop() };
}
