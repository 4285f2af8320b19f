import { type BrowserContext, chromium, firefox, type Page } from 'playwright-core';
import { chromiumLaunch, firefoxLaunch } from '../../../../tooling/browsers.ts';
import { killProcessesOf } from './kill-processes.ts';
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
    async kill() {
      const closed = new Promise((resolve) => context.once('close', resolve));
      await killProcessesOf(profile);
      await closed;
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

/** Timers fire in steps of this length; responses arrive in between. */
const STEP_MS = 250;

function drivenPage(page: Page): DrivenPage {
  let isClockOurs = false;
  return {
    async choose(...paths) {
      // Firefox keeps its files over a reload, and leaves them as they are when the same paths are chosen.
      await page.locator('input').evaluate((input: HTMLInputElement) => {
        input.value = '';
      });
      await page.setInputFiles('input', [...paths]);
    },
    // Types of Playwright follow handles of elements into what is given, which is JSON here.
    evaluate: ((run: () => unknown, given?: unknown) => page.evaluate(run, given)) as DrivenPage['evaluate'],
    async passTime(ms) {
      if (!isClockOurs) await page.clock.install();
      isClockOurs = true;
      for (let left = ms; left > 0; left -= STEP_MS) await page.clock.runFor(Math.min(left, STEP_MS));
    },
    async reload() {
      await page.reload();
    },
    close: () => page.close(),
    async crash() {
      const session = await page.context().newCDPSession(page);
      const crashed = page.waitForEvent('crash');
      // A crashed page sends no response.
      session.send('Page.crash').catch(() => undefined);
      await crashed;
    },
  };
}
