import { readFileSync } from 'node:fs';

/** What rsync and its processes have done so far. */
export interface ProcessLook {
  /** Bytes read, from the client or the disk. */
  readonly read: number;
  /** Bytes written, to files or the client. */
  readonly written: number;
  /** Processor time in milliseconds. */
  readonly cpuMs: number;
  /** Whether one of them is waiting for a disk. */
  readonly waitsForDisk: boolean;
}

/** Clock ticks a second in /proc (sysconf(_SC_CLK_TCK)): 100 on every architecture that Node runs on. */
const TICKS = 100;

interface Figures {
  read: number;
  written: number;
  ticks: number;
  waits: boolean;
}

/**
 * Reads the figures of a process and all its descendants (proc_pid_io(5), proc_pid_stat(5)). Those that have ended
 * count with their last figures.
 * @returns a function that reads them; it returns undefined if /proc does not show the process
 */
export function createProcessLook(pid: number): () => ProcessLook | undefined {
  const seen = new Map<number, Figures>();
  return () => {
    for (const figures of seen.values()) figures.waits = false;
    for (const each of [pid, ...descendants(pid)]) {
      const figures = figuresOf(each);
      if (figures !== undefined) seen.set(each, figures);
    }
    if (seen.size === 0) return undefined;
    const sum = (of: (figures: Figures) => number) => [...seen.values()].reduce((total, each) => total + of(each), 0);
    return {
      read: sum(({ read }) => read),
      written: sum(({ written }) => written),
      cpuMs: (sum(({ ticks }) => ticks) * 1000) / TICKS,
      waitsForDisk: [...seen.values()].some(({ waits }) => waits),
    };
  };
}

function figuresOf(pid: number): Figures | undefined {
  try {
    const io = readFileSync(`/proc/${pid}/io`, 'latin1');
    // The name of the program, in brackets, may hold anything; state is the first field behind it, times are 12th and 13th.
    const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const figure = (key: string) => Number(new RegExp(`^${key}: (\\d+)`, 'm').exec(io)?.[1] ?? 0);
    return {
      read: figure('rchar'),
      written: figure('wchar'),
      ticks: Number(fields[10]) + Number(fields[11]),
      waits: state === 'D',
    };
  } catch {
    return undefined; // it has ended, or we may not read it
  }
}

function descendants(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}
