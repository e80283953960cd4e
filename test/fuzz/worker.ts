import type { Done } from './campaign.ts';
import { ATTACKS } from './targets.ts';

/* One process of campaign.ts: `worker.ts TARGET MOST UNTIL SEED`; UNTIL in milliseconds since the epoch. */

const [name = '', ...limits] = process.argv.slice(2);
const [most = 0, until = 0, seed = 0] = limits.map(Number);

function attack(): Done {
  try {
    return ATTACKS.get(name)!({ most, ms: until - Date.now(), seed });
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

process.stdout.write(JSON.stringify(attack()));
