/**
 * The seed of what is fuzzed. The same inputs each time, so that what fails is due to a change; FUZZ_SEED gives others, and FUZZ_SECONDS makes
 * test/lab/fuzz go on for longer.
 */
export function fuzzSeed(): number {
  const seed = Number(process.env.FUZZ_SEED ?? 1);
  process.stderr.write(`fuzz: FUZZ_SEED=${seed}\n`);
  return seed;
}
