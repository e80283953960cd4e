import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeOf, type Outcome } from '../../../../src/shared/outcome.ts';
import { until } from '../../../support/until.ts';
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
        hit: async ({ lane: { primary, job }, running, over }) => {
          // Not before the first one has the lock: the second one is the one that is turned away.
          const lock = join(primary.state, `${job}@vault.lock`);
          const who = new RegExp(`\\b${running.pid}\\b`);
          await until(() => over.aborted || who.test(readFileSync(lock, 'utf8')));
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
