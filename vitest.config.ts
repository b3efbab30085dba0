import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/build.ts',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    silent: 'passed-only',
    // Real engines on a shared machine: a failure that does not come again is reported as flaky, and not as a failure.
    retry: process.env.CI ? 2 : 0,
  },
});
