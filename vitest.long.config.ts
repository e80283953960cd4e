import { defineConfig } from 'vitest/config';
import { oneSeed } from './test/support/seed.ts';

const { sequence, env } = oneSeed();

// `npm run test:long`: what needs root and machines of its own, or takes long. One file at a time: they share two cores.
export default defineConfig({
  test: {
    include: ['test/lab/**/*.test.ts', 'test/bench/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    sequence,
    env,
    globalSetup: ['test/ssh/support/built-program.ts'],
  },
});
