import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A test that a document cites. */
export interface Citation {
  readonly path: string;
  readonly name: string;
}

/** A cell cites `path` and then `name`, `name`, … as the reporter prints them, until the next path. */
export function citationsIn(row: string, firstColumn: number): Citation[] {
  const found: Citation[] = [];
  let path: string | undefined;
  for (const [, text = ''] of row
    .split(' | ')
    .slice(firstColumn)
    .join(' | ')
    .matchAll(/`([^`]+)`/g)) {
    if (/^[\w/.-]+\.test\.ts$/.test(text)) path = text;
    else if (path !== undefined) found.push({ path, name: text });
  }
  return found;
}

/**
 * Whether a title of the file gives this name. What stands for a placeholder (`%s`, `$name`) must be written
 * out in the file as well, or in a conformance suite where that is what the file runs.
 */
export function isTestOf(text: string, name: string): boolean {
  return titlesIn(text).some((title) => {
    const match = templateOf(title).exec(name);
    return match?.slice(1).every((filled) => isWritten(text, filled)) ?? false;
  });
}

function titlesIn(text: string): string[] {
  return [...text.matchAll(/\(\s*(?:\w+, )?(?:'((?:[^'\\\n]|\\.)+)'|"([^"\n]+)")\)?,\s*(?:async )?\(/g)].map(
    ([, single, double]) => (single ?? double ?? '').replaceAll("\\'", "'"),
  );
}

function templateOf(title: string): RegExp {
  const escaped = title.replaceAll(/[\\^*+?.()|[\]{}]/g, '\\$&');
  const open = escaped.replaceAll(/%[sij]|\$[a-z]\w*/gi, '(.+)');
  return new RegExp(`^${open}$`);
}

function isWritten(text: string, filled: string): boolean {
  if (/^-?\d+$/.test(filled)) return true;
  const suites = [...text.matchAll(/\b(\w+)Conformance\(/g)].map(([, suite]) => `${suite}-conformance.ts`);
  const texts = suites.map((suite) => readFileSync(`${root}packages/core/src/testing/${suite}`, 'utf8'));
  return [text, ...texts].some((each) => each.includes(`'${filled}'`));
}
