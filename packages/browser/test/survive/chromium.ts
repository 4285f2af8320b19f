import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumLaunch } from '../../../../tooling/browsers.ts';
import type { Browser, Tab } from './browser.ts';
import { killProcessesOf } from './kill-processes.ts';

/** A real Chromium, with a profile that outlives it. */
export async function launchChromium(profile: string): Promise<Browser> {
  const context = await chromium.launchPersistentContext(profile, await chromiumLaunch());
  return browserOver(context, () => killProcessesOf(`--user-data-dir=${profile}`));
}

/** Whatever Playwright drives; `kill` ends its processes. */
export function browserOver(context: BrowserContext, kill: () => Promise<void>): Browser {
  const unhandled: Error[] = [];
  const tellUnhandled = (): void => {
    if (unhandled.length > 0) throw new AggregateError(unhandled, 'a page had errors that nobody caught');
  };
  return {
    async open(url) {
      const page = await context.newPage();
      page.on('pageerror', (error) => unhandled.push(error));
      await page.goto(url);
      return tabOver(page);
    },
    setOffline: (isOffline) => context.setOffline(isOffline),
    async kill() {
      const closed = new Promise((resolve) => context.once('close', resolve));
      await kill();
      await closed;
      tellUnhandled();
    },
    async close() {
      await context.close();
      tellUnhandled();
    },
  };
}

/** Timers fire in steps as long as this, between which requests get their answers. */
const STEP_MS = 250;

function tabOver(page: Page): Tab {
  let isClockOurs = false;
  return {
    choose: (...paths) => page.setInputFiles('input', [...paths]),
    run: (act, argument) => page.evaluate(act as (argument: unknown) => ReturnType<typeof act>, argument),
    async passTime(ms) {
      if (!isClockOurs) await page.clock.install();
      isClockOurs = true;
      for (let left = ms; left > 0; left -= STEP_MS) await page.clock.runFor(Math.min(left, STEP_MS));
    },
    async reload() {
      await page.reload();
    },
    close: () => page.close(),
  };
}
