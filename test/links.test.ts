import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readFromRoot } from './documents.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = execFileSync('git', ['ls-files', '--', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));

test.each(documents)('relative links in %s lead to existing files and headings', (path) => {
  const broken = linksIn(path).filter(({ file, heading }) => {
    if (!existsSync(join(root, file))) return true;
    return heading !== '' && !headingsIn(file).includes(heading);
  });
  expect(broken.map(({ link }) => link)).toEqual([]);
});

/**
 * A path from the root in a code span: `packages/core/src/ports.ts`. Patterns have a `*`, a `{` or an upper
 * case name.
 */
const PATH = /`((?:packages|docs|test|tooling|examples|bench|consumers)\/[\w./[\]-]+)`/g;

test.each(documents)('paths named in %s exist', (path) => {
  const named = [...withoutFences(readFromRoot(path)).matchAll(PATH)].map(([, name = '']) => name);
  expect(named.filter((name) => !/[A-Z]{2}/.test(name) && !existsSync(join(root, name)))).toEqual([]);
});

test('pictures of documents have less than 200 kB', () => {
  const sizes = readdirSync(join(root, 'docs/images')).map((name) => ({
    name,
    size: statSync(join(root, 'docs/images', name)).size,
  }));
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.filter(({ size }) => size >= 200_000)).toEqual([]);
});

interface Link {
  readonly link: string;
  /** From the root. */
  readonly file: string;
  /** Without its `#`; empty when the link leads to the whole file. */
  readonly heading: string;
}

function linksIn(path: string): readonly Link[] {
  const targets = withoutFences(readFromRoot(path)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g);
  return [...targets]
    .map(([, inText, inTag]) => inText ?? inTag ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [target = '', heading = ''] = link.split('#');
      return { link, file: target === '' ? path : normalize(join(dirname(path), target)), heading };
    });
}

/** The anchors of a file's headings, as GitHub makes them. */
function headingsIn(path: string): readonly string[] {
  return [...withoutFences(readFromRoot(path)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}
