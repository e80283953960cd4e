import { readFileSync } from 'node:fs';

/** What a process and all that it started have done so far. */
interface Activity {
  /** Read and written, of files, pipes and sockets alike. */
  readonly bytes: number;
  /** Computed, in nanoseconds. */
  readonly computed: number;
}

/**
 * What counts as work, by the second. A hanging rsync is not quite still: it sends four bytes in half of its `--timeout`, which
 * may be a second, to keep the line alive, and takes 3 µs of the processor for it (both seen, facts.md#a-push-that-waits-for-ever). The slowest line that `bandwidth_limit` can ask for carries ten times as much.
 */
const WORK = { bytes: 100, computed: 1_000_000 } as const;

/** Longest time between two looks, in milliseconds. */
const LOOK_EVERY = 10_000;

/** Looks that fit into a stall. */
const LOOKS = 8;

/** A watch over a process. */
export interface StallWatch {
  /** Tells that the process has said something. */
  alive(): void;
  stop(): void;
}

/**
 * Watches whether a process still works: it, or one that it started, says something, reads or writes, or computes.
 * Where the kernel does not tell of it (no /proc), only what it says counts.
 * @param stallMs for how long nothing of that may be seen, in milliseconds
 * @param onStall called once, when it has been still for so long
 */
export function watchForStall(pid: number, stallMs: number, onStall: () => void): StallWatch {
  const every = Math.min(LOOK_EVERY, stallMs / LOOKS);
  const needed = Math.ceil(stallMs / every);
  let before = activityOf(pid);
  let said = false;
  // Looks are counted, and no clock is read: one that was set forward, or a host that slept, makes nobody stand still.
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

// A process that ended takes its figures with it, so they may fall; that is something happening too.
function works(before: Activity, now: Activity, seconds: number): boolean {
  return (
    Math.abs(now.bytes - before.bytes) > WORK.bytes * seconds ||
    Math.abs(now.computed - before.computed) > WORK.computed * seconds
  );
}

/** Sums up what the kernel tells of a process and those below it (proc(5): io, schedstat, children). */
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
    return ''; // it has ended, or is not ours to look into
  }
}
