import { readFileSync, readlinkSync } from 'node:fs';
import { systemClock } from './clock.ts';

/** Milliseconds after which a file counts as left behind if we cannot interpret its mark. */
const SURELY_LEFT = 86_400_000;

let own: string | undefined;

/**
 * Identifies this process in a file's name: process id, start time, and the namespace in which that id is valid (proc(5)). A process
 * id alone is not enough, because ids are reused.
 */
export function writerMark(): string {
  own ??= `${process.pid}.${startOf(process.pid) ?? 0}.${pidNamespace() ?? 0}`;
  return own;
}

/**
 * Whether a file with a mark was left behind, because its writer has ended. Nothing is known about a writer in another container, so
 * its file counts as left behind only after a day.
 * @param mark from {@link writerMark}; anything else may come from an earlier version
 * @param lastWritten milliseconds since the epoch
 */
export function isLeftBehind(mark: string, lastWritten: number): boolean {
  const [pid, start, namespace] = /^(\d+)\.(\d+)\.(\d+)$/.exec(mark)?.slice(1) ?? [];
  if (pid === undefined || start === '0' || namespace !== pidNamespace())
    return systemClock.now().getTime() - lastWritten > SURELY_LEFT;
  return startOf(Number(pid)) !== start;
}

/** When a process started, in ticks since the machine booted; undefined if there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    // The name of the program, in brackets, may contain any character.
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
