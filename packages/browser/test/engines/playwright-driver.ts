import { type BrowserContext, chromium, firefox, type Page } from 'playwright-core';
import { chromiumLaunch, firefoxLaunch } from '../../../../tooling/browsers.ts';
import type { DrivenBrowser, DrivenPage } from './page-driver.ts';

/** Chromium or Firefox, with a profile that outlives them. */
export async function startPlaywright(name: 'chromium' | 'firefox', profile: string): Promise<DrivenBrowser> {
  let context = await launch(name, profile);
  return {
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return drivenPage(page);
    },
    setOffline: (isOffline) => context.setOffline(isOffline),
    async restart() {
      await context.close();
      context = await launch(name, profile);
    },
    close: () => context.close(),
  };
}

async function launch(name: 'chromium' | 'firefox', profile: string): Promise<BrowserContext> {
  return name === 'chromium'
    ? await chromium.launchPersistentContext(profile, await chromiumLaunch())
    : await firefox.launchPersistentContext(profile, firefoxLaunch());
}

function drivenPage(page: Page): DrivenPage {
  return {
    choose: (path) => page.setInputFiles('input', path),
    // Types of Playwright follow handles of elements into what is given, which is JSON here.
    evaluate: ((run: () => unknown, given?: unknown) => page.evaluate(run, given)) as DrivenPage['evaluate'],
    async reload() {
      await page.reload();
    },
    close: () => page.close(),
    async crash() {
      const session = await page.context().newCDPSession(page);
      const crashed = page.waitForEvent('crash');
      // It gets no answer from a page that is no more.
      session.send('Page.crash').catch(() => undefined);
      await crashed;
    },
  };
}
