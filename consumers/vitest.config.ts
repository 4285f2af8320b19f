import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from '../tooling/summary-reporter.ts';

// A run of its own: it packs, and asks the registry for what the packages depend on.
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
