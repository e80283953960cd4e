import { expect, it } from 'vitest';
import type { Lane } from '../ssh/support/faults/lane.ts';
import { playSeries, summaryOf } from '../ssh/support/faults/series.ts';
import { faultsOf } from '../ssh/support/faults/table.ts';
import { tellSeed } from '../support/seed.ts';

/*
 * Runs that are hit at random moments by everything that can go wrong. Whatever it was: the run says honestly how it ended, people are told
 * once, nothing is left behind, no sealed snapshot has changed, and the next run, which nobody helps, seals what the source is.
 *
 * A run that fails is told with its number. OFFSITE_TEST_SEED and OFFSITE_FAULT=NUMBER play it again, after the few from which it goes on.
 * OFFSITE_FAULT_NAMES=PATTERN plays only faults with such names, on the lanes where there are any; runs have other numbers then.
 */

const RUNS = Number(process.env.OFFSITE_FAULTS ?? 300);
const ONLY = process.env.OFFSITE_FAULT === undefined ? undefined : Number(process.env.OFFSITE_FAULT);

const NAMES = new RegExp(process.env.OFFSITE_FAULT_NAMES ?? '');

const HALF_AN_HOUR = 30 * 60_000;

it(
  'whatever hits a run, it ends honestly, is told once, leaves nothing, and the next one seals the source',
  async () => {
    const faults = (kind: Lane['kind']) => faultsOf(kind).filter(({ name }) => NAMES.test(name));
    const played = await playSeries({
      seed: tellSeed('faults'),
      lanes: (['gate', 'rrsync', 'gate', 'rrsync'] as const).filter((kind) => faults(kind).length > 0),
      faults,
      runs: RUNS,
      group: 5,
      only: ONLY,
    });
    process.stderr.write(summaryOf(played));
    const failed = played.filter(({ objections }) => objections.length > 0);
    expect(failed.map(({ number, fault, objections }) => ({ number, fault, objections }))).toEqual([]);
    if (ONLY === undefined) expect(played.filter(({ met }) => met).length).toBeGreaterThanOrEqual((RUNS * 2) / 3);
  },
  HALF_AN_HOUR,
);
