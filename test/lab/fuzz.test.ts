import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { fuzzSeed } from '../fuzz/seed.ts';
import { TARGETS } from '../fuzz/targets.ts';

/*
 * A million inputs for every parser that attack/fuzz attacks a little, and as many as fit into the time for the settings, of which one input
 * takes milliseconds. FUZZ_SECONDS gives it more time, FUZZ_SEED other inputs.
 */

/** Inputs of each target, at most. */
const MOST = 1_000_000;

/** Seconds for all of them together, on two cores. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 100);

const WORKER = new URL('../fuzz/worker.ts', import.meta.url).pathname;

interface Told {
  readonly name: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly slowest: number;
}

test('every parser answers a million inputs, and accepts only what we write', async () => {
  const seed = fuzzSeed();
  const share = (SECONDS * 2) / (TARGETS.length + 1);
  const waiting = [...TARGETS.keys(), TARGETS.length].reverse();
  const told: Told[] = [];
  // Two at a time, each in a process of its own.
  await Promise.all(
    [0, 1].map(async () => {
      for (let target = waiting.pop(); target !== undefined; target = waiting.pop()) {
        const args = ['--experimental-strip-types', '--no-warnings', WORKER, target, MOST, share, seed].map(String);
        const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 });
        told.push(JSON.parse(stdout) as Told);
      }
    }),
  );
  for (const { name, inputs, accepted, slowest } of told) {
    process.stderr.write(`fuzz: ${name}: ${inputs} inputs, ${accepted} accepted, slowest ${slowest.toFixed(1)} ms\n`);
    expect(accepted, name).toBeGreaterThan(0);
  }
}, 600_000);
