import { expect, it } from 'vitest';
import { createRandom, tellSeed } from '../support/seed.ts';
import type { Lane } from './support/faults/lane.ts';
import { playSeries, summaryOf } from './support/faults/series.ts';
import { oneOf } from './support/faults/source.ts';
import { FAULT_KINDS, faultsOf, type FaultKind } from './support/faults/table.ts';

/* One of each kind of fault, at a random moment. test/lab/faults plays hundreds. */

const CHOSEN: Readonly<Record<Lane['kind'], readonly FaultKind[]>> = {
  gate: ['kills', 'lines', 'clocks', 'memories'],
  rrsync: ['kills', 'lines', 'sources', 'twice'],
};

/** Some twenty seconds, and more where other tests run as well. */
const PATIENCE = 180_000;

/** Plays one fault of each of these kinds on a lane, and expects that each ends as it has to. */
async function expectSound(kinds: Readonly<Partial<Record<Lane['kind'], readonly FaultKind[]>>>): Promise<void> {
  const seed = tellSeed('faults');
  const random = createRandom(seed);
  const lanes = Object.keys(kinds) as Lane['kind'][];
  const chosen = new Map(
    lanes.map((lane) => [
      lane,
      (kinds[lane] ?? []).map((kind) =>
        oneOf(
          random,
          faultsOf(lane).filter((fault) => FAULT_KINDS[kind].includes(fault)),
        ),
      ),
    ]),
  );
  const each = Math.max(...[...chosen.values()].map(({ length }) => length));
  const faults = (lane: Lane['kind']) => chosen.get(lane) ?? [];
  const played = await playSeries({ seed, lanes, faults, group: each, runs: each * lanes.length });
  process.stderr.write(summaryOf(played));
  expect(
    played.flatMap(({ number, fault, objections }) => objections.map((what) => `${number} ${fault}: ${what}`)),
  ).toEqual([]);
}

it(
  'whatever hits a run, it ends honestly, is told once, leaves nothing, and the next one seals the source',
  () => expectSound(CHOSEN),
  PATIENCE,
);

it.skipIf(process.getuid?.() !== 0)(
  'the same with the disks of both sides (needs root, to mount small ones)',
  () => expectSound({ gate: ['disks'], rrsync: ['disks'] }),
  PATIENCE,
);
