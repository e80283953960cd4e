import { rmSync, writeFileSync } from 'node:fs';
import type { Outcome } from '../../../../src/shared/outcome.ts';
import { oneOf } from './source.ts';
import type { Fault } from './table.ts';

const MINUTE = 60_000;
const JUMPS: Readonly<Record<string, number>> = {
  '5 minutes': 5 * MINUTE,
  '2 hours': 120 * MINUTE,
  '3 days': 3 * 1440 * MINUTE,
  '400 days': 400 * 1440 * MINUTE,
};

/** The clock of our programs on one of the hosts jumps, and is set right after the run. */
function clock(side: 'here' | 'there', outcomes: readonly Outcome[]): Fault {
  return {
    name: `clock jumps ${side}`,
    outcomes,
    ...(side === 'there' ? { only: 'gate' } : {}),
    plan: (random) => {
      const [words, jump] = oneOf(random, Object.entries(JUMPS));
      const sign = oneOf(random, [1, -1]);
      return {
        words: `${words} ${sign === 1 ? 'ahead' : 'back'}`,
        hit: ({ lane }) => (writeFileSync(lane.clocks[side], String(sign * jump)), true),
        undo: (lane) => rmSync(lane.clocks[side], { force: true }),
      };
    },
  };
}

export const CLOCKS: readonly Fault[] = [clock('here', ['refused', 'source-guard']), clock('there', ['refused'])];
