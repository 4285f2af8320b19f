import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A block of code behind `<!-- example: NAME -->`. The same name may stand before several blocks. */
export interface Example {
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

export function readFromRoot(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The paths of all documents in docs/, relative to it. */
export function documentPaths(): readonly string[] {
  return readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.md'),
  );
}

/** A document by its path in docs/. */
export function readDocument(path: string): string {
  return readFromRoot(join('docs', path));
}

export function examplesIn(document: string): readonly Example[] {
  const blocks = document.matchAll(/<!-- example: (\S+) -->\n+```(\w*)\n([\s\S]*?)```/g);
  return [...blocks].map(([, name = '', language = '', code = '']) => ({ name, language, code }));
}

/** The first lines of blocks of TypeScript, JavaScript and HTML that have no name, and so are not tested. */
export function unnamedBlocksIn(document: string): readonly string[] {
  const named = new Set(examplesIn(document).map(({ code }) => code));
  return [...document.matchAll(/```(?:tsx?|m?js|html)\n([\s\S]*?)```/g)]
    .map(([, code = '']) => code)
    .filter((code) => !named.has(code))
    .map((code) => code.slice(0, code.indexOf('\n')));
}

/** Code alone: a comment may be reworded in one place only, and an excerpt stays an excerpt. */
export function withoutComments(code: string): string {
  return code
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(?<=^|\s)\/\/.*$/gm, '')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}

/** The text between `<!-- begin: NAME -->` and `<!-- end: NAME -->`. */
export function passageIn(document: string, name: string): string {
  const [, text] =
    new RegExp(`<!-- begin: ${name} -->([\\s\\S]*?)<!-- end: ${name} -->`).exec(document) ?? [];
  if (text === undefined) throw new Error(`the document has no passage ${name}`);
  return text;
}
