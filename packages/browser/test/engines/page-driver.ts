import { inject } from 'vitest';
import type { BrowserName } from '../../../../tooling/browsers.ts';
import { startPlaywright } from './playwright-driver.ts';
import { startWebKitDriver } from './webkit-driver.ts';

/** A browser with pages that a test drives from outside. */
export interface DrivenBrowser {
  /** A tab that shows the page. */
  open(url: string): Promise<DrivenPage>;
  /** Takes the network away from all pages, and gives it back: requests under way are lost. */
  setOffline(isOffline: boolean): Promise<void>;
  /** Closes the browser, and starts it again with what its pages have stored. */
  restart(): Promise<void>;
  /** Kills all of its processes at once, so that nothing is put in order, and starts it again as `restart` does. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface DrivenPage {
  /** Chooses files of the disk in the only input of the page, in place of those chosen before. */
  choose(...paths: readonly string[]): Promise<void>;
  /**
   * Runs a function in the page, where it sees nothing of what is around it here. Resolves to what it gives,
   * or what its promise resolves to; both that and `given` cross as JSON.
   */
  evaluate<Result>(run: () => Result | Promise<Result>): Promise<Result>;
  evaluate<Given, Result>(run: (given: Given) => Result | Promise<Result>, given: Given): Promise<Result>;
  /**
   * So much time passes for the page, at once: timers that are due fire, and its clock is ahead from then on.
   * Timers that were set before the first call are not moved: it may be a call with 0.
   */
  passTime(ms: number): Promise<void>;
  /** Resolves when the page has reloaded. */
  reload(): Promise<void>;
  close(): Promise<void>;
  /** Ends the process of the page. */
  crash(): Promise<void>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** The browser that a project drives. */
    browserName: BrowserName;
  }
}

/** Starts the browser of the project; `profile` is a folder of its own, for what pages store. */
export function startBrowser(profile: string): Promise<DrivenBrowser> {
  const name = inject('browserName');
  return name === 'webkit' ? startWebKitDriver() : startPlaywright(name, profile);
}

/** Abilities that a browser does not have, with the reason: a test that needs one is skipped with it. */
const LACKS: Readonly<Record<BrowserName, Readonly<Partial<Record<Ability, string>>>>> = {
  chromium: {},
  firefox: {
    crash: 'tabs of one site share a process of Firefox',
    changes: 'Firefox reads a changed file as if it had been so from the beginning',
  },
  webkit: {
    crash: 'a driven WebKit ends with the process of any page',
    restart: 'a driven WebKit stores nothing for later',
    handles: 'WebKitGTK has no handles of files',
    offline: 'a driven WebKit cannot be taken from the network',
  },
};

export type Ability = 'changes' | 'crash' | 'restart' | 'handles' | 'offline';

/** Why the browser of the project cannot do this; `undefined` where it can. */
export function lackOf(ability: Ability): string | undefined {
  return LACKS[inject('browserName')][ability];
}

/** A claim, with the reason where it is not tested. */
export function claimUnless(lack: string | undefined, claim: string): string {
  return lack === undefined ? claim : `${claim}: ${lack}`;
}
