import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { Line } from '../support/line.ts';
import { until } from '../support/until.ts';

/** What is run and measured. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that count as done; default: 0. */
  readonly done?: readonly number[];
}

/** The result of one measurement. */
export interface Measured {
  /** Milliseconds from the start of the first process to the end of the last. */
  readonly wallMs: number;
  /**
   * Processor time in milliseconds (the kernel counts in 10 ms). For processes here it is exact. For those behind sshd
   * it is the last sample of each, so what ends within {@link LOOK_EVERY} is missing.
   */
  readonly cpuMs: number;
  readonly serverCpuMs: number;
  /** Peak resident memory by process, in bytes: `rsync`, `→ rsync` behind sshd. */
  readonly peaks: Readonly<Record<string, number>>;
  readonly up: number;
  readonly down: number;
}

/** The two ends between which things are measured; either may be missing. */
export interface Ends {
  readonly line?: Line;
  /** Process id of sshd. */
  readonly server?: number;
}

/** Milliseconds between two samples of the memory of every process. */
const LOOK_EVERY = 25;

/** Runs commands one after the other and measures them as one. @throws Error when one fails */
export async function measure(commands: readonly Command[], { line, server }: Ends = {}): Promise<Measured> {
  if (line !== undefined) settleDisk();
  const peaks = new Map<string, number>();
  const ticksThere = new Map<number, number>();
  const ticksBefore = childrenTicks();
  const traffic = line?.traffic() ?? { up: 0, down: 0 };
  let current: number | undefined;
  const look = () => {
    if (current !== undefined) noteTree(current, '', peaks);
    if (server !== undefined) for (const child of childrenOf(server)) noteTree(child, '→ ', peaks, ticksThere);
  };
  const timer = setInterval(look, LOOK_EVERY);
  let wallMs = 0;
  try {
    for (const command of commands) {
      const began = performance.now();
      await run(command, (pid) => (current = pid));
      wallMs += performance.now() - began;
    }
  } finally {
    clearInterval(timer);
  }
  if (server !== undefined) await settle(server);
  const after = line?.traffic() ?? { up: 0, down: 0 };
  return {
    wallMs,
    cpuMs: (childrenTicks() - ticksBefore) * TICK,
    serverCpuMs: [...ticksThere.values()].reduce((a, b) => a + b, 0) * TICK,
    peaks: Object.fromEntries(peaks),
    up: after.up - traffic.up,
    down: after.down - traffic.down,
  };
}

/**
 * The environment of everything that is measured: ours, without what npm sets and what node reads at each start.
 * NODE_EXTRA_CA_CERTS, for example, makes every start 50 ms slower, and neither a systemd unit nor sshd passes it on.
 */
export const ENVIRONMENT: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:NODE|npm)_/i.test(name)),
);

/** Waits until everything is on the disk, so that earlier writes do not slow down the next measurement. */
export function settleDisk(): void {
  spawnSync('sync');
}

/** Runs a command to its end. @throws Error with the end of its output when it fails */
export function run(command: Command, onStart?: (pid: number | undefined) => void): Promise<void> {
  const [program = '', ...args] = command.argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: { ...ENVIRONMENT, ...command.env },
  });
  onStart?.(child.pid);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== null && (command.done ?? [0]).includes(code)) resolve();
      else reject(new Error(`${command.argv.join(' ')}\nended with ${code ?? 'a signal'}: ${said}`));
    });
  });
}

/** Milliseconds of one tick in /proc: USER_HZ is 100 on every Linux that Node runs on. */
const TICK = 10;

/** Processor time of all ended and waited-for descendants, in ticks (proc(5): cutime and cstime). */
function childrenTicks(): number {
  const fields = statFields('self');
  return Number(fields[13]) + Number(fields[14]);
}

/** The fields of /proc/PID/stat after the name, which may hold anything. */
function statFields(pid: number | 'self'): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // it has ended
  }
}

function noteTree(pid: number, side: string, peaks: Map<string, number>, ticks?: Map<number, number>): void {
  try {
    const fields = statFields(pid);
    ticks?.set(pid, Number(fields[11]) + Number(fields[12]));
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const name = `${side}${nameOf(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'))}`;
    peaks.set(name, Math.max(peaks.get(name) ?? 0, Number(peak ?? 0) * 1024));
  } catch {
    return; // it has ended
  }
  for (const child of childrenOf(pid)) noteTree(child, side, peaks, ticks);
}

function nameOf([program = '', ...args]: readonly string[]): string {
  const name = basename(program).replace(/:.*/, '');
  if (!/^(?:node|python\S*|perl)$/.test(name) || args.includes('-c')) return name;
  const script = basename(args.find((word) => word.startsWith('/')) ?? name);
  return script === 'cli.js' ? 'offsite-rsync' : script.replace('.mjs', '');
}

/** sshd counts the time of a session only when it has ended; one that is still open is measured up to now. */
async function settle(server: number): Promise<void> {
  await until(() => childrenOf(server).length === 0, 2000).catch(() => undefined);
}

/** Of several measurements of the same thing: the median of each figure, the highest of each peak. */
export function medianOf(all: readonly Measured[]): Measured {
  const peaks: Record<string, number> = {};
  for (const one of all) {
    for (const [name, bytes] of Object.entries(one.peaks)) peaks[name] = Math.max(peaks[name] ?? 0, bytes);
  }
  const of = (figure: (one: Measured) => number) => median(all.map(figure));
  return {
    wallMs: of((one) => one.wallMs),
    cpuMs: of((one) => one.cpuMs),
    serverCpuMs: of((one) => one.serverCpuMs),
    peaks,
    up: of((one) => one.up),
    down: of((one) => one.down),
  };
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}
