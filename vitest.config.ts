import { defineConfig } from 'vitest/config'

/** unit: everything `npm run check` runs; fault, peer: the fuller tests that `npm test` adds (see test/run.ts). */
export default defineConfig({
  test: {
    globalSetup: 'test/support/temporary-folder.ts',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/fault/**', 'test/peer/**', 'test/bench/**'],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'fault', include: ['test/fault/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 120_000 } },
      { test: { name: 'peer', include: ['test/peer/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 } },
    ],
  },
})
