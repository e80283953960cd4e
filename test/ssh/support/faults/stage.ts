import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../primary.ts';
import type { Lane } from './lane.ts';
import { between, oneOf, type Random } from './source.ts';

/** What goes on in a run, as it says itself, and `time`, which is any moment of it. */
export const PHASES = {
  time: /(?:)/,
  walk: /(?:)/,
  push: /: sending$/m,
  verify: /: verifying: /,
  canary: /: checking that verification /,
  seal: /: sealing$/m,
} as const;

/** When a run is hit. */
export interface Moment {
  readonly phase: keyof typeof PHASES;
  /** Milliseconds after that has begun. */
  readonly delay: number;
}

/** Longest delays: about as long as each of these takes. */
const LONGEST = { time: 2000, walk: 250, push: 450, verify: 350, canary: 150, seal: 200 } as const;

/** A random moment. */
export function anyMoment(random: Random): Moment {
  // The short ones need no more hits than the long ones, but the push is where most goes on.
  const phase = oneOf(random, ['time', 'walk', 'push', 'push', 'verify', 'canary', 'seal'] as const);
  return { phase, delay: between(random, 0, LONGEST[phase]) };
}

/** A run that is going on, and what a fault may use. */
export interface Stage {
  readonly lane: Lane;
  readonly running: Running;
  readonly random: Random;
  readonly moment: Moment;
  /** Aborted when the run has ended. */
  readonly over: AbortSignal;
}

/** Milliseconds between two looks. */
const EVERY = 4;

/** Waits for the moment. @returns false when the run was over before */
export async function reach({ running, moment, over }: Stage): Promise<boolean> {
  if (!(await waitFor(() => PHASES[moment.phase].test(running.said()), over))) return false;
  await sleep(moment.delay, undefined, { signal: over }).catch(() => undefined);
  return !over.aborted;
}

/** Looks again and again. @returns whether it was seen before the run was over */
export async function waitFor(look: () => boolean, over: AbortSignal): Promise<boolean> {
  while (!over.aborted) {
    if (look()) return true;
    await sleep(EVERY);
  }
  return false;
}
