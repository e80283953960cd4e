import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Fuzzed } from './fuzz.ts';

const WORKER = new URL('worker.ts', import.meta.url).pathname;

/** Targets that are attacked at the same time, each in a process of its own. */
const AT_ONCE = 2;

/** What is attacked, and for how long. */
interface Campaign {
  /** Names of targets, in the order in which they begin. */
  readonly targets: Iterable<string>;
  /** Inputs of each target, at most. */
  readonly most: number;
  /** Seconds for all targets together; what one leaves of its share is for those after it. */
  readonly seconds: number;
  readonly seed: number;
  /** Gets a line about each target that is done. */
  readonly tell: (line: string) => void;
}

/** What was done to a target, or the input that it failed on. */
export type Done = Fuzzed | { readonly failed: string };

/**
 * Attacks several targets.
 * @returns what was done to each
 */
export async function fuzzAll({ targets, most, seconds, seed, tell }: Campaign): Promise<Map<string, Done>> {
  const end = Date.now() + seconds * 1000;
  const waiting = [...targets].reverse();
  const done = new Map<string, Done>();
  let running = 0;
  const next = async (): Promise<void> => {
    const name = waiting.pop();
    if (name === undefined) return;
    running += 1;
    // To begin takes a second, and belongs to the share.
    const left = end - Date.now();
    const until = Date.now() + Math.min(left, (left * AT_ONCE) / (waiting.length + running));
    const args = ['--experimental-strip-types', '--no-warnings', WORKER, name, most, until, seed].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 });
    const result = JSON.parse(stdout) as Done;
    tell(`fuzz: ${name}: ${inWords(result)}, FUZZ_SEED=${seed}`);
    done.set(name, result);
    running -= 1;
    return next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return done;
}

function inWords(done: Done): string {
  if ('failed' in done) return done.failed;
  const { inputs, accepted, slowest } = done;
  return `${inputs} inputs, ${accepted} accepted, slowest ${slowest.toFixed(1)} ms`;
}
