import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** Runs a program to its end. @returns its standard output @throws Error unless it ends well */
export function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}: ${stderr}`, { cause: error });
  return stdout;
}

/** Ends a process that we started, and waits for it. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** What a watch over a process and its descendants has seen. */
export interface ArgumentWatch {
  /** Arguments of every process, one per line, without repetitions. */
  readonly seen: readonly string[];
}

/** Milliseconds between two looks. */
const EVERY = 20;

/** Keeps watching the arguments of a process and all its descendants, as `ps` would show them. */
export function watchArguments(pid: number): { stop(): ArgumentWatch } {
  const seen = new Set<string>();
  const look = () => {
    for (const descendant of [pid, ...descendants(pid)]) {
      const argv = argumentsOf(descendant);
      if (argv !== undefined && argv.length > 0) seen.add(argv.join(' '));
    }
  };
  const timer = setInterval(look, EVERY);
  return {
    stop: () => {
      clearInterval(timer);
      return { seen: [...seen] };
    },
  };
}

/** The arguments of a process; undefined when it is gone. */
export function argumentsOf(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
}

/** Pids of all descendants of a process. */
export function descendants(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

/** Pids of all processes that have `word` in an argument, zombies left out. */
export function processesNaming(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => argumentsOf(pid)?.some((argument) => argument.includes(word)) ?? false);
}
