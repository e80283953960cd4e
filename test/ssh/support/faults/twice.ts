import { exitCodeOf, type Outcome } from '../../../../src/shared/outcome.ts';
import type { ProgramEnd } from '../primary.ts';
import type { Fault } from './table.ts';

/** A second run of the same job begins. */
export const TWICE: readonly Fault[] = [
  {
    name: 'two runs at once',
    outcomes: [],
    plan: () => {
      let second: ProgramEnd | undefined;
      return {
        words: 'of one job',
        hit: async ({ lane: { primary, job } }) => {
          second = await primary.call('run', job);
          return second.code === exitCodeOf('locked');
        },
        others: (): readonly Outcome[] => {
          if (second === undefined) return [];
          return [second.code === 0 ? 'done' : 'locked'];
        },
      };
    },
  },
];
