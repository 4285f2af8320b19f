import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from '../tooling/summary-reporter.ts';

// A separate run: it packs the packages and needs the registry for their dependencies.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    name: 'consumers',
    reporters: ['default', new SummaryReporter()],
    include: ['*.test.ts'],
    globalSetup: ['global-setup.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    // Chromium may have to be unpacked first.
    hookTimeout: 120_000,
  },
});
