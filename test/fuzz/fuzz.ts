import { corpusOf } from './corpus.ts';
import { createMutator } from './mutate.ts';
import type { Target } from './target.ts';

/** Milliseconds that one input may take: what takes longer counts as a hang. */
const LONGEST = 2000;

/** Longer seeds, such as the examples of a configuration, are read as they are: an input made of one would take as long as ten others. */
const LONGEST_SEED = 2500;

/** What was done to a target. */
export interface Fuzzed {
  readonly inputs: number;
  readonly accepted: number;
  /** The input that took longest, in milliseconds. */
  readonly slowest: number;
}

/** Inputs that a target gets, however little time there is. */
const LEAST = 100;

/** How long a target is attacked: with so many inputs, or for so many milliseconds, or without end. */
export interface Limits {
  readonly most?: number;
  readonly ms?: number;
  /** The same inputs for the same seed. */
  readonly seed?: number;
}

/**
 * Lets a target read its corpus, and then inputs that are made of it, until there were so many of these or the time is over.
 * @throws Error with the first input that it fails on, or hangs on
 */
export function fuzz(target: Target, { most = Infinity, ms = Infinity, seed = 1 }: Limits): Fuzzed {
  const corpus = corpusOf(target);
  const next = createMutator(
    corpus.filter(({ length }) => length < LONGEST_SEED),
    seed,
  );
  const until = performance.now() + ms;
  let [inputs, accepted, slowest] = [0, 0, 0];
  const read = (text: string) => {
    const began = performance.now();
    if (accepts(target, text)) accepted += 1;
    const ended = performance.now();
    slowest = Math.max(slowest, ended - began);
    if (ended - began > LONGEST && msOf(target, text) > LONGEST)
      throw new Error(`${target.name} takes ${(ended - began).toFixed()} ms for ${JSON.stringify(text)}`);
    return ended;
  };
  for (const text of corpus) read(text);
  while (inputs < most) {
    inputs += 1;
    if (read(next()) > until && inputs >= LEAST) break;
  }
  return { inputs, accepted, slowest };
}

/** Once more, since a busy machine is no hang. */
function msOf(target: Target, text: string): number {
  const began = performance.now();
  accepts(target, text);
  return performance.now() - began;
}

/** Most parsers refuse by throwing, and looking up where would take longer than all the rest. */
function accepts({ name, check }: Target, text: string): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return check(text);
  } catch {
    Error.stackTraceLimit = limit;
    throw new Error(`${name} fails on ${JSON.stringify(text)}: ${reasonOf(() => check(text))}`);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function reasonOf(check: () => unknown): string {
  try {
    check();
    return 'but only the first time';
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
