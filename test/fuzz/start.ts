import { fuzzAll } from './campaign.ts';
import { fuzzSeed } from './seed.ts';
import { ATTACKS } from './targets.ts';

/* `npm run fuzz [-- TARGET…]`: a million inputs for each parser, however long that takes. FUZZ_INPUTS says how many, FUZZ_SEED gives others. */

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !ATTACKS.has(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no target ${unknown.join(', ')}. Known: ${[...ATTACKS.keys()].join(', ')}\n`);
  process.exitCode = 2;
} else {
  const done = await fuzzAll({
    targets: asked.length > 0 ? asked : ATTACKS.keys(),
    ...{ most: Number(process.env.FUZZ_INPUTS ?? 1_000_000), seconds: Infinity, seed: fuzzSeed() },
    tell: (line) => process.stdout.write(`${line}\n`),
  });
  if ([...done.values()].some((each) => 'failed' in each)) process.exitCode = 1;
}
