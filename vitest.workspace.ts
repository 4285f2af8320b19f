// Vitest 4 has no separate 'workspace file' any more: this is the root Vitest config under that name
// (`vitest run --config vitest.workspace.ts`), and its `test.projects` is the workspace.
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import type { BrowserInstanceOption, BrowserProviderOption } from 'vitest/node';
import { chromiumLaunch, firefoxLaunch, webkit, webkitPath } from './tooling/browsers.ts';
import { source } from './tooling/source-condition.ts';
import { SummaryReporter } from './tooling/summary-reporter.ts';

/** Projects of the same order run together, lower orders first: one browser at a time, as there are two cores. */
const node = (name: string, root: string, include: string, order = 0): TestProjectInlineConfiguration => ({
  plugins: [source],
  root,
  test: {
    name,
    environment: 'node',
    include: [include],
    sequence: { groupOrder: order },
    testTimeout: order > 0 ? 60_000 : 5_000,
  },
});

const browser = (
  name: string,
  order: number,
  provider: BrowserProviderOption,
  instances: BrowserInstanceOption[],
): TestProjectInlineConfiguration[] =>
  instances.length === 0
    ? []
    : [
        {
          plugins: [source],
          root: './packages/browser',
          test: {
            name,
            sequence: { groupOrder: order },
            include: ['test/**/*.browser.test.ts'],
            globalSetup: ['test/global-setup.ts'],
            browser: { enabled: true, headless: true, screenshotFailures: false, provider, instances },
          },
        },
      ];

// BROWSERS=chromium,firefox,webkit names the browsers that must run; without it, those that are installed do.
const want = process.env.BROWSERS?.split(',');
const chosen = (name: string, installed: boolean): boolean => want?.includes(name) ?? installed;
const firefox = firefoxLaunch();

export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
    projects: [
      node('core', './packages/core', 'test/**/*.test.ts'),
      node('node', './packages/node', 'test/**/*.test.ts'),
      node('emulator', './packages/emulator', 'test/**/*.test.ts'),
      ...browser('browser', 1, playwright(), [
        ...(chosen('chromium', true)
          ? [{ browser: 'chromium' as const, provider: playwright({ launchOptions: await chromiumLaunch() }) }]
          : []),
        ...(chosen('firefox', firefox !== undefined)
          ? [{ browser: 'firefox' as const, provider: playwright({ launchOptions: firefox ?? {} }) }]
          : []),
      ]),
      ...browser(
        'browser-webkit',
        2,
        webkit(),
        chosen('webkit', webkitPath() !== undefined) ? [{ browser: 'webkit' }] : [],
      ),
      // whole pages in a real browser, driven by playwright-core from Node (reload, browser restart)
      node('browser-e2e', './packages/browser', 'e2e/**/*.test.ts', 3),
    ],
  },
});
