import { spawn, spawnSync } from 'node:child_process';
import { endProcess, must } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

/** A network, which lasts as long as a process does. */
export interface Network {
  /** The process that owns the network. */
  readonly pid: number;
  /** The name of its end of a line. */
  readonly device: string;
  stop(): Promise<void>;
}

/** A line between two networks. When one of them ends, so does the line. */
interface VethLine {
  /** Unplugs it at one of its ends. */
  cut(end?: 'near' | 'far'): void;
  /** Plugs both ends in. */
  mend(): void;
}

/** Makes an empty network. It has no name on the host, so nothing is left when its process ends. */
export async function openNetwork(): Promise<Network> {
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], {
    stdio: 'ignore',
  });
  const pid = holder.pid ?? 0;
  // Before it has its own network, its address would be the host's.
  await until(() => spawnSync('cmp', ['-s', `/proc/${pid}/comm`, '-'], { input: 'sleep\n' }).status === 0);
  inNetwork(pid, 'ip', 'link', 'set', 'lo', 'up');
  return { pid, device: 'line', stop: () => endProcess(holder) };
}

/** The network in which the tests themselves run. */
export const HOST_NETWORK: Network = {
  pid: process.pid,
  device: `offsite${process.pid}`, // the kernel allows 15 letters
  stop: () => Promise.resolve(),
};

/** Lays a line between two networks. */
export function layVeth(near: Network, nearAddress: string, far: Network, farAddress: string): VethLine {
  const pair = ['type', 'veth', 'peer', 'name', far.device, 'netns', `${far.pid}`];
  must('ip', 'link', 'add', 'name', near.device, 'netns', `${near.pid}`, ...pair);
  const set = ({ pid, device }: Network, state: 'up' | 'down') => inNetwork(pid, 'ip', 'link', 'set', device, state);
  for (const [network, address] of [[near, nearAddress] as const, [far, farAddress] as const]) {
    inNetwork(network.pid, 'ip', 'address', 'add', `${address}/24`, 'dev', network.device);
    set(network, 'up');
  }
  return {
    cut: (end = 'far') => set(end === 'near' ? near : far, 'down'),
    mend: () => {
      for (const network of [near, far]) set(network, 'up');
    },
  };
}

/** Words that start a program in a network. */
export function wordsInto({ pid }: Pick<Network, 'pid'>): readonly string[] {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
}

/** Runs a command in a network. @throws Error unless it ends well */
export function inNetwork(pid: number, ...words: readonly string[]): void {
  const [program = '', ...args] = [...wordsInto({ pid }), ...words];
  must(program, ...args);
}
