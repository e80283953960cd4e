import { defineConfig } from 'vitest/config';

/* `npm run keep-store` writes what this version keeps for those that follow; as root, for owners. */
export default defineConfig({
  test: {
    include: ['test/kept/keep-store.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    globalSetup: ['test/ssh/support/built-program.ts'],
  },
});
