/**
 * Sets the seed of a test run: of all that is random and, if a seed is given, of the order of the tests in each file.
 */
const VARIABLE = 'OFFSITE_TEST_SEED';

/** The seed of this run: the given one, or else a new one. */
export function seedOfRun(): number {
  const asked = process.env[VARIABLE];
  if (asked === undefined) return Math.floor(Math.random() * 2 ** 31);
  if (!/^\d{1,10}$/.test(asked)) throw new Error(`${VARIABLE} must be a whole number, and is ${asked}`);
  return Number(asked);
}

/**
 * For vitest's configuration: gives one seed to all workers. The tests of a file run in the order in which they are
 * written. If a seed is given, it shuffles them, because no test may need what another has left.
 */
export function oneSeed() {
  const tests = process.env[VARIABLE] !== undefined;
  const seed = seedOfRun();
  return { sequence: { seed, shuffle: { tests } }, env: { [VARIABLE]: String(seed) } };
}

/** The seed of this run, for `what`. It is printed, so that a failure can be reproduced. */
export function tellSeed(what: string): number {
  const seed = seedOfRun();
  process.stderr.write(`${what}: ${VARIABLE}=${seed}\n`);
  return seed;
}

/** Numbers from 0 to 1 (never 1) that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
