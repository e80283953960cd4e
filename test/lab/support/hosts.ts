import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../../support/until.ts';

/** A network of its own, which lasts as long as a process does. */
export interface Network {
  /** The process whose network it is. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** A line between two networks; both know it as `line`. */
interface VethLine {
  cut(): void;
  mend(): void;
}

/** Makes an empty network. Nothing of it has a name on the host, so nothing is left when its process ends. */
export async function openNetwork(): Promise<Network> {
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], {
    stdio: 'ignore',
  });
  const pid = holder.pid ?? 0;
  // Before it is in its own network, its address would be the host's.
  await until(() => spawnSync('cmp', ['-s', `/proc/${pid}/comm`, '-'], { input: 'sleep\n' }).status === 0);
  inNetwork(pid, 'ip', 'link', 'set', 'lo', 'up');
  return { pid, stop: () => endProcess(holder) };
}

/** Lays a line between two networks. */
export function layVeth(near: Network, nearAddress: string, far: Network, farAddress: string): VethLine {
  const pair = ['type', 'veth', 'peer', 'name', 'line', 'netns', `${far.pid}`];
  must('ip', 'link', 'add', 'name', 'line', 'netns', `${near.pid}`, ...pair);
  for (const [{ pid }, address] of [[near, nearAddress] as const, [far, farAddress] as const]) {
    inNetwork(pid, 'ip', 'address', 'add', `${address}/24`, 'dev', 'line');
    inNetwork(pid, 'ip', 'link', 'set', 'line', 'up');
  }
  return {
    cut: () => inNetwork(far.pid, 'ip', 'link', 'set', 'line', 'down'),
    mend: () => inNetwork(far.pid, 'ip', 'link', 'set', 'line', 'up'),
  };
}

/** Runs a command in a network. @throws Error unless it ends well */
export function inNetwork(pid: number, ...words: readonly string[]): void {
  must('nsenter', `--net=/proc/${pid}/ns/net`, '--', ...words);
}

/** Runs a program to its end. @throws Error unless it ends well */
export function must(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}: ${stderr}`);
}

/** Ends a process that we started, and waits for it. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
