import { fuzz } from './fuzz.ts';
import { fuzzNotes } from './notes.ts';
import { TARGETS } from './targets.ts';

/*
 * One process of lab/fuzz: `worker.ts TARGET MOST SECONDS SEED`. TARGET is its place among all; what comes after the last are the notes. It ends
 * after so many inputs or seconds.
 */

/** Inputs between two looks at the clock. */
const PART = 1000;

const [target = 0, most = 0, seconds = 0, seed = 0] = process.argv.slice(2).map(Number);
const chosen = TARGETS[target];
const began = performance.now();
let [inputs, accepted, slowest] = [0, 0, 0];
for (let part = 0; inputs < most && performance.now() - began < seconds * 1000; part += 1) {
  if (chosen === undefined) {
    // A process of its own, so more at once.
    accepted += fuzzNotes(100 * PART, seed + part);
    inputs += 100 * PART;
    continue;
  }
  const done = fuzz(chosen, PART, seed + part);
  [inputs, accepted, slowest] = [inputs + PART, accepted + done.accepted, Math.max(slowest, done.slowest)];
}
process.stdout.write(JSON.stringify({ name: chosen?.name ?? 'notes', inputs, accepted, slowest }));
