import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { oneSeed } from './test/support/seed.ts';

const { sequence, env } = oneSeed();

/** Suites that measure, that look at the right moment for it, or that use all processors themselves. */
const ALONE = [
  'early-connection',
  'faults',
  'gate-killed-tree',
  'gate-linking',
  'gate-silence',
  'hostile-sender',
  'killed-server',
  'large-sources',
  'large-sources-gate',
  'limits-of-the-kernel',
  'link-limit',
  'patience',
  'progress',
  'prometheus',
  'scrub-beside-push',
  'stall',
  'systemd-chain',
  'time-limits',
  'tree-killed',
].map((name) => `test/lab/${name}.test.ts`);

for (const file of ALONE)
  if (!existsSync(file)) throw new Error(`vitest.long.config.ts names ${file}, which is not there`);

const common = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  env,
  globalSetup: ['test/ssh/support/built-program.ts'],
};

// `npm run test:long`: what needs root and machines of its own, or takes long. First those that mostly wait, two at a time, since
// there are two cores; then those that must be alone, one file at a time.
export default defineConfig({
  test: {
    sequence,
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['test/lab/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { ...sequence, groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: [...ALONE, 'test/bench/**/*.test.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { ...sequence, groupOrder: 1 },
        },
      },
    ],
  },
});
