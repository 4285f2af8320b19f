// Writes the table of error codes in docs/reference/errors.md from the doc comments in error-codes.ts.
//   npm run errors
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../packages/core/src/error-codes.ts', import.meta.url));
const path = fileURLToPath(new URL('../docs/reference/errors.md', import.meta.url));
const TABLE = /(<!-- error codes -->\n)[\s\S]*?(<!-- \/error codes -->)/;

/** The document as it is and as it should be. */
export function errorsDocument() {
  const text = readFileSync(path, 'utf8');
  return { text, updated: text.replace(TABLE, (_, begin, end) => begin + table() + end) };
}

/** Each code with the paragraphs of its doc comment. */
export function documentedCodes() {
  const union = /export type UploadErrorCode =([\s\S]*)/.exec(readFileSync(source, 'utf8'))?.[1] ?? '';
  return [...union.matchAll(/(?:\/\*\*([\s\S]*?)\*\/\s*)?\| '(\w+)'/g)].map(([, comment = '', code]) => ({
    code,
    paragraphs: paragraphsOf(comment),
  }));
}

function table() {
  const rows = documentedCodes().map(
    ({ code, paragraphs: [meaning, remedy] }) => `| \`${code}\` | ${meaning} | ${remedy} |`,
  );
  return ['', '| code | meaning | what to do |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function paragraphsOf(comment) {
  return comment
    .replaceAll(/^ *\* ?/gm, '')
    .split(/\n\n/)
    .map((paragraph) => withLinks(paragraph.replaceAll(/\s+/g, ' ').trim()));
}

/** Links documents by their names, relative to docs/reference/. */
function withLinks(text) {
  return text.replaceAll(
    /docs\/(\w+)\/([\w.-]+\.md)/g,
    (_, folder, name) => `[${name}](${folder === 'reference' ? '' : `../${folder}/`}${name})`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { text, updated } = errorsDocument();
  if (updated !== text) writeFileSync(path, updated);
}
