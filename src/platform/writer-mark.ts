import { readFileSync, readlinkSync } from 'node:fs';
import { systemClock } from './clock.ts';

/** Milliseconds after which what bears no mark that we can judge counts as left behind. */
const SURELY_LEFT = 86_400_000;

let own: string | undefined;

/**
 * Tells this process from every other, in a file's name: process id, start, and the namespace in which that id counts
 * (proc(5)). A process id alone is used again.
 */
export function writerMark(): string {
  own ??= `${process.pid}.${startOf(process.pid) ?? 0}.${pidNamespace() ?? 0}`;
  return own;
}

/**
 * Whether what bears a mark was left behind: its writer has ended. Of a writer in another container nothing is known, so
 * that counts as left behind only after a day.
 * @param mark as {@link writerMark} made it; what is none may come from an earlier version
 * @param lastWritten milliseconds since the epoch
 */
export function isLeftBehind(mark: string, lastWritten: number): boolean {
  const [pid, start, namespace] = /^(\d+)\.(\d+)\.(\d+)$/.exec(mark)?.slice(1) ?? [];
  if (pid === undefined || start === '0' || namespace !== pidNamespace())
    return systemClock.now().getTime() - lastWritten > SURELY_LEFT;
  return startOf(Number(pid)) !== start;
}

/** When a process started, in ticks since the machine did; undefined when there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    // The name of the program, in brackets, may hold anything.
    return readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, '').split(' ')[20];
  } catch {
    return undefined;
  }
}

function pidNamespace(): string | undefined {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
  } catch {
    return undefined;
  }
}
