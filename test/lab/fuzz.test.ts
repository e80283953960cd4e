import { expect, test } from 'vitest';
import { fuzzAll } from '../fuzz/campaign.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { ATTACKS } from '../fuzz/targets.ts';

/*
 * Every parser that attack/fuzz attacks a little, with a million inputs or as many as fit into its share of the time. `npm run fuzz` goes on
 * until each has a million. FUZZ_SECONDS gives more time, FUZZ_SEED other inputs.
 */

/** Inputs of each target, at most. */
const MOST = 1_000_000;

/** Seconds for all of them together, on two cores. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 100);

test('every parser answers up to a million inputs within its time, and accepts only what we write', async () => {
  const told = await fuzzAll({
    ...{ targets: ATTACKS.keys(), most: MOST, seconds: SECONDS, seed: fuzzSeed() },
    tell: (line) => process.stderr.write(`${line}\n`),
  });
  expect([...told.keys()].sort()).toEqual([...ATTACKS.keys()].sort());
  for (const [name, done] of told) {
    if ('failed' in done) throw new Error(done.failed);
    expect(done.accepted, name).toBeGreaterThan(0);
  }
}, 600_000);
