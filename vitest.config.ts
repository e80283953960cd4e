import { defineConfig } from 'vitest/config';
import { oneSeed } from './test/support/seed.ts';

const { sequence, env } = oneSeed();

// `npm test` runs the unit tests and the tests against a real sshd. The long suites (test/lab, test/bench)
// have their own commands, so that this one stays under six minutes on two cores.
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/ssh/**/*.test.ts', 'test/attack/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // More workers than cores: the tests against sshd mostly wait.
    maxWorkers: 4,
    sequence,
    env,
    globalSetup: ['test/ssh/support/built-program.ts'],
    reporters: ['default', './test/support/tell-skipped.ts'],
  },
});
