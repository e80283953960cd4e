import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../../../src/shared/outcome.ts';
import type { Weather } from '../../../support/line.ts';
import { between, oneOf, type Random } from './source.ts';
import type { Fault, Plan } from './table.ts';

const LOST: readonly Outcome[] = ['could-not-connect', 'connection-lost'];

/** A line that is bad for some seconds. */
function bad(name: string, weatherOf: (random: Random) => Weather): Fault {
  return {
    name,
    outcomes: LOST,
    plan: (random) => {
      const lasting = between(random, 1000, 4000);
      let over: Promise<void> | undefined;
      return {
        words: `for ${lasting} ms`,
        hit: ({ lane: { secondary }, over: ended }) => {
          secondary.line.weather(weatherOf(random));
          over = sleep(lasting, undefined, { signal: ended }).then(
            () => secondary.line.weather(),
            () => secondary.line.weather(),
          );
          return true;
        },
        undo: () => over,
      };
    },
  };
}

function interrupted(random: Random): Plan {
  const lasting = between(random, 100, 2500);
  let back: Promise<void> | undefined;
  return {
    words: `for ${lasting} ms`,
    hit: async ({ lane: { secondary } }) => {
      await secondary.line.hangUp();
      back = sleep(lasting).then(() => secondary.line.listen());
      return true;
    },
    undo: () => back,
  };
}

function frozen(random: Random): Plan {
  const lasting = random() < 0.5 ? undefined : between(random, 500, 3000);
  let back: Promise<void> | undefined;
  return {
    words: lasting === undefined ? 'until the end' : `for ${lasting} ms`,
    hit: ({ lane: { secondary }, over }) => {
      secondary.line.freeze();
      const mend = () => secondary.line.mend();
      back = sleep(lasting ?? 60_000, undefined, { signal: over }).then(mend, mend);
      return true;
    },
    undo: () => back,
  };
}

/** What can happen to a line. Loss is what TCP makes of it: what follows is held up until it has been sent again. */
export const LINES: readonly Fault[] = [
  {
    name: 'line cut',
    outcomes: LOST,
    plan: () => ({ words: 'once', hit: ({ lane: { secondary } }) => (secondary.line.cut(), true) }),
  },
  { name: 'line down', outcomes: LOST, plan: interrupted },
  { name: 'line frozen', outcomes: LOST, plan: frozen },
  {
    name: 'line half-closed',
    outcomes: LOST,
    plan: (random) => {
      const end = oneOf(random, ['near', 'far'] as const);
      return { words: `${end} end`, hit: ({ lane: { secondary } }) => (secondary.line.halfClose(end), true) };
    },
  },
  bad('line with 400 ms', () => ({ delayMs: 400 })),
  bad('line with 256 kbit/s', () => ({ bytesPerSecond: 32_000 })),
  bad('line that loses 30 %', (random) => ({
    holdUp: () => (random() < 0.3 ? 200 * 2 ** Math.floor(random() * 3) : 0),
  })),
];
