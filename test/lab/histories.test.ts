import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildStage, histories, type Stage } from '../ssh/support/histories.ts';
import fc from '../support/properties.ts';
import { tellSeed } from '../support/seed.ts';

/* Many random histories of a source behind the gate. A failure is made as short as half an hour allows. */

/** Histories; more when somebody looks for trouble. */
const ROUNDS = Number(process.env.HISTORY_ROUNDS ?? 6);

const HALF_AN_HOUR = 30 * 60_000;

let stage: Stage;

beforeAll(async () => {
  stage = await buildStage();
});
afterAll(() => stage.stop());

it(
  'each sealed snapshot is the source, whatever has happened to it between two runs and during one',
  async () => {
    expect.hasAssertions();
    tellSeed('histories');
    await fc.assert(
      fc.asyncProperty(histories, (history) => stage.play(history)),
      { numRuns: ROUNDS, endOnFailure: true, interruptAfterTimeLimit: HALF_AN_HOUR, markInterruptAsFailure: true },
    );
  },
  HALF_AN_HOUR + 120_000,
);
