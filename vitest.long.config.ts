import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { oneSeed } from './test/support/seed.ts';

const { sequence, env } = oneSeed();

/** Suites that measure, that look at the right moment for it, or that use all processors themselves. */
const ALONE = [
  'early-connection',
  'faults',
  'gate-silence',
  'hostile-sender',
  'killed-server',
  'limits-of-the-kernel',
  'patience',
  'progress',
  'prometheus',
  'scrub-beside-push',
  'stall',
  'systemd-chain',
  'tree-killed',
].map(fileOf);

/** Suites that take longest, so that none of them is left for the end, when nothing runs beside it. */
const LONGEST = [
  'large-sources-gate',
  'siege',
  'gate-killed-tree',
  'packages',
  'documentation',
  'large-sources',
  'gate-linking',
  'source-faults',
  'verify-modes',
  'odd-state-gate',
  'fuzz',
  'histories',
  'odd-state-prune',
  'release',
].map(fileOf);

for (const file of [...ALONE, ...LONGEST])
  if (!existsSync(file)) throw new Error(`vitest.long.config.ts names ${file}, which is not there`);

function fileOf(name: string): string {
  return `test/lab/${name}.test.ts`;
}

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((file) => basename(file) === basename(moduleId));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

const common = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  env,
  globalSetup: ['test/ssh/support/built-program.ts'],
};

// `npm run test:long`: what needs root and machines of its own, or takes long. First those that mostly wait, three at a time on
// two cores; then those that must be alone, one file at a time.
export default defineConfig({
  test: {
    sequence: { ...sequence, sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['test/lab/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 3,
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
