import type { Outcome } from '../../../../src/shared/outcome.ts';
import { waitFor } from './stage.ts';
import type { Fault } from './table.ts';
import { anyBlow, strike, victims, type Victim } from './victims.ts';

const LOST: readonly Outcome[] = ['could-not-connect', 'connection-lost'];

/** Which outcomes are honest when something is killed. */
const HONEST: Readonly<Record<Victim, readonly Outcome[]>> = {
  controller: ['interrupted'],
  // The walk is by an rsync, too: then the source could not be read.
  'client-rsync': [...LOST, 'source-guard'],
  ssh: LOST,
  sshd: LOST,
  gate: LOST,
  rrsync: LOST,
  'server-rsync': LOST,
};

/** A process is killed: with SIGKILL or SIGTERM, once or twice, alone, with its group, or all of its kind. */
export const KILLS: readonly Fault[] = (Object.keys(HONEST) as Victim[]).map((victim) => ({
  name: `kill ${victim}`,
  outcomes: HONEST[victim],
  ...(victim === 'gate' ? { only: 'gate' } : {}),
  plan: (random) => {
    const blow = anyBlow(random);
    return {
      words: `${blow.signal} ${blow.manner}`,
      // What is not there yet is waited for.
      hit: ({ lane, running, over }) => waitFor(() => strike(victims(lane, running, victim), blow, random), over),
    };
  },
}));
