import { readFileSync } from 'node:fs';

/** What a process and all its descendants have done so far. */
interface Activity {
  /** Bytes read and written: files, pipes and sockets. */
  readonly bytes: number;
  /** Processor time, in nanoseconds. */
  readonly computed: number;
}

/**
 * How much counts as work, per second. A hanging rsync is not quite idle: to keep the connection alive it sends four bytes in half of
 * its `--timeout`, which may be a second, and uses 3 µs of processor time for that (both seen, facts.md#a-push-that-waits-for-ever).
 * The lowest rate that `bandwidth_limit` allows is ten times as much.
 */
const WORK = { bytes: 100, computed: 1_000_000 } as const;

/** Longest time between two checks, in milliseconds. */
const LOOK_EVERY = 10_000;

/** Checks within one stall time. */
const LOOKS = 8;

/** A watch over a process. */
export interface StallWatch {
  /** To be called when the process has written something. */
  alive(): void;
  stop(): void;
}

/**
 * Watches whether a process or one of its descendants still works: whether it writes output, reads or writes data, or uses the
 * processor. Without /proc only its output counts.
 * @param stallMs how long it may do none of these, in milliseconds
 * @param onStall called once, when it has been idle for so long
 */
export function watchForStall(pid: number, stallMs: number, onStall: () => void): StallWatch {
  const every = Math.min(LOOK_EVERY, stallMs / LOOKS);
  const needed = Math.ceil(stallMs / every);
  let before = activityOf(pid);
  let said = false;
  // Checks are counted instead of reading a clock: a clock that was set forward, or a host that slept, must not look like a stall.
  let still = 0;
  const timer = setInterval(() => {
    const now = activityOf(pid);
    still = said || works(before, now, every / 1000) ? 0 : still + 1;
    said = false;
    before = now;
    if (still < needed) return;
    clearInterval(timer);
    onStall();
  }, every);
  return { alive: () => (said = true), stop: () => clearInterval(timer) };
}

// The figures of a process that has ended are gone, so the sum may fall. That counts as activity too.
function works(before: Activity, now: Activity, seconds: number): boolean {
  return (
    Math.abs(now.bytes - before.bytes) > WORK.bytes * seconds ||
    Math.abs(now.computed - before.computed) > WORK.computed * seconds
  );
}

/** Sums up the kernel's figures of a process and its descendants (proc(5): io, schedstat, children). */
function activityOf(pid: number): Activity {
  const io = read(`/proc/${pid}/io`);
  let bytes = figure(/^rchar: (\d+)$/m, io) + figure(/^wchar: (\d+)$/m, io);
  let computed = figure(/^(\d+) /, read(`/proc/${pid}/schedstat`));
  for (const child of read(`/proc/${pid}/task/${pid}/children`).split(' ')) {
    if (child.trim() === '') continue;
    const below = activityOf(Number(child));
    bytes += below.bytes;
    computed += below.computed;
  }
  return { bytes, computed };
}

function figure(pattern: RegExp, text: string): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended, or we may not read this
  }
}
