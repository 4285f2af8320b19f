import { inject } from 'vitest';
import type { BrowserName } from '../../../../tooling/browsers.ts';

/** How much a scenario uploads. */
export interface Sizes {
  /** Bytes of the one file that is called large; its last part is shorter than the others. */
  readonly large: number;
  /** How many files are uploaded at once. */
  readonly files: number;
}

/**
 * In all three together these scenarios must not take too long. Firefox needs about twice as long for a file as
 * Chromium does; WebKitGTK is no slower, but need not repeat all of it. Both have passed with Chromium's sizes.
 */
const SIZES: Readonly<Record<BrowserName, Sizes>> = {
  chromium: { large: 300_000_007, files: 2000 },
  firefox: { large: 64_000_007, files: 300 },
  webkit: { large: 300_000_007, files: 1000 },
};

/** Of the browser of the project. */
export function sizes(): Sizes {
  return SIZES[inject('browserName')];
}
