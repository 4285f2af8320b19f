// Vitest 4 calls this the root config (`vitest run --config vitest.workspace.ts`); `test.projects` is the workspace.
import { availableParallelism } from 'node:os';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import type { BrowserProviderOption } from 'vitest/node';
import { docExamples } from './tooling/api/examples-plugin.ts';
import { absentBrowsers, type BrowserName, chosenBrowsers, chromiumLaunch } from './tooling/browsers.ts';
import { firefox } from './tooling/browsers-firefox-provider.ts';
import { webkit } from './tooling/browsers-webkit-provider.ts';
import { source } from './tooling/source-condition.ts';
import { SummaryReporter } from './tooling/summary-reporter.ts';

/** Projects of the same order run together, lower orders first: there are two cores to be shared. */
const node = (name: string, root: string, include: string[], order = 0): TestProjectInlineConfiguration => ({
  plugins: [source],
  root,
  test: {
    name,
    environment: 'node',
    include,
    sequence: { groupOrder: order },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

const inPackage = ['src/**/*.test.ts', 'test/**/*.test.ts'];

const REACT = ['', '/jsx-dev-runtime', '-dom', '-dom/client', '-dom/server'].map((path) => `react${path}`);
const VUE_FLAGS = ['OPTIONS_API', 'PROD_DEVTOOLS', 'PROD_HYDRATION_MISMATCH_DETAILS'].map(
  (name) => `__VUE_${name}__`,
);

const chosen = chosenBrowsers();
const chromium = await chromiumLaunch();

const PROVIDERS: Readonly<Record<BrowserName, () => BrowserProviderOption>> = {
  chromium: () => playwright({ launchOptions: chromium }),
  firefox,
  webkit,
};

/** The same tests in every browser, which is named by the project that has its name; Chromium's is `browser`. */
const browser = (name: BrowserName, order: number): TestProjectInlineConfiguration => ({
  plugins: [source, docExamples],
  root: './packages/browser',
  // Bundled before the first page is opened: a dependency found later would reload every page.
  optimizeDeps: { include: ['axe-core', ...REACT, 'vue', '@vitest/browser/locators'] },
  define: Object.fromEntries(VUE_FLAGS.map((flag) => [flag, 'false'])),
  test: {
    name: name === 'chromium' ? 'browser' : name,
    sequence: { groupOrder: order },
    include: ['test/**/*.browser.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: PROVIDERS[name](),
      instances: [{ browser: name }],
    },
  },
});

/** Whole pages in a browser that is driven from outside. */
const pages = (name: BrowserName, order: number): TestProjectInlineConfiguration => {
  const project = name === 'chromium' ? 'pages' : `pages-${name}`;
  const config = node(project, './packages/browser', ['test/**/*.page.test.ts'], order);
  return { ...config, test: { ...config.test, provide: { browserName: name } } };
};

const absent = absentBrowsers();
if (absent !== undefined) process.stderr.write(`${absent}\n`);

export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    // Tests wait more than they work: one file at a time would leave a core of two idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text', 'json-summary'],
    },
    projects: [
      node('core', './packages/core', inPackage),
      node('emulator', './packages/emulator', inPackage),
      node('node', './packages/node', inPackage),
      node('repository', './test', ['**/*.test.ts'], 1),
      ...chosen.map((name, index) => browser(name, 2 + index)),
      ...chosen.map((name, index) => pages(name, 5 + index)),
      node('demo', './examples', ['web/**/*.page.test.ts'], 8),
    ],
  },
});
