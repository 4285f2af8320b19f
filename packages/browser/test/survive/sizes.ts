import { inject } from 'vitest';
import type { BrowserName } from '../../../../tooling/browsers.ts';

/** How much a scenario uploads. */
export interface Sizes {
  /** Bytes of the one file that is called large; its last part is shorter than the others. */
  readonly large: number;
  /** How many files are uploaded at once. */
  readonly files: number;
}

/** Of Firefox and WebKit, which have passed with Chromium's sizes too: all three must not take too long. */
const SMALLER: Sizes = { large: 64_000_007, files: 300 };

const SIZES: Readonly<Record<BrowserName, Sizes>> = {
  chromium: { large: 300_000_007, files: 2000 },
  firefox: SMALLER,
  webkit: SMALLER,
};

/** Of the browser of the project. */
export function sizes(): Sizes {
  return SIZES[inject('browserName')];
}
