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
 * Firefox and WebKitGTK take longer for many files than Chromium does, and Firefox, which BiDi drives, for a large
 * one that is interrupted: with these sizes each of them is done in about a minute. In Firefox the sizes of
 * Chromium passed as well, in four.
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
