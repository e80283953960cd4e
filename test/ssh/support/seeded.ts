/** A source of chance that can be repeated: the seed is printed, and OFFSITE_TEST_SEED sets it. */
export function seededRandom(what: string): () => number {
  const seed = Number(process.env.OFFSITE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  process.stderr.write(`${what}: OFFSITE_TEST_SEED=${seed}\n`);
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}
