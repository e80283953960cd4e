import { corpusOf } from './corpus.ts';
import { createMutator } from './mutate.ts';
import type { Target } from './target.ts';

/** Milliseconds that one input may take: what takes longer counts as a hang. */
const LONGEST = 2000;

/** Longer seeds, such as the examples of a configuration, are read as they are: an input made of one would take as long as ten others. */
const LONGEST_SEED = 2500;

/** What was done to a target. */
export interface Fuzzed {
  readonly accepted: number;
  readonly refused: number;
  /** The input that took longest, in milliseconds. */
  readonly slowest: number;
}

/**
 * Lets a target read its corpus, and so many inputs that are made of it.
 * @param seed the same inputs for the same seed
 * @throws Error with the first input that it fails on, or hangs on
 */
export function fuzz({ name, check }: Target, inputs: number, seed: number): Fuzzed {
  const corpus = corpusOf(name);
  const next = createMutator(
    corpus.filter(({ length }) => length < LONGEST_SEED),
    seed,
  );
  let [accepted, slowest] = [0, 0];
  for (let index = -corpus.length; index < inputs; index += 1) {
    const text = index < 0 ? corpus[index + corpus.length]! : next();
    const began = performance.now();
    try {
      if (check(text)) accepted += 1;
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`${name} fails on ${JSON.stringify(text)}: ${reason}`, { cause: error });
    }
    slowest = Math.max(slowest, performance.now() - began);
    if (slowest > LONGEST) throw new Error(`${name} takes ${slowest.toFixed()} ms for ${JSON.stringify(text)}`);
  }
  return { accepted, refused: corpus.length + inputs - accepted, slowest };
}
