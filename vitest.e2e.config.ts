import { defineConfig } from 'vitest/config';

const conditions = ['source', 'import', 'node', 'default'];

/** Whole-product tests: a real engine, the built program, one file at a time. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
    fileParallelism: false,
    maxWorkers: 1,
    // Tests that are marked as concurrent wait for containers most of the time.
    maxConcurrency: 16,
  },
});
