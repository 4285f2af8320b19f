import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

interface ErrorsTooling {
  errorsDocument(): { readonly text: string; readonly updated: string };
  documentedCodes(): readonly { readonly code: string; readonly paragraphs: readonly string[] }[];
}

const tooling = fileURLToPath(new URL('../tooling/errors.mjs', import.meta.url));
const { errorsDocument, documentedCodes } = (await import(pathToFileURL(tooling).href)) as ErrorsTooling;

test('docs/reference/errors.md lists the error codes as their doc comments describe them', () => {
  const { text, updated } = errorsDocument();
  expect(text, '`npm run errors` writes the table').toBe(updated);
});

test.each(documentedCodes())('the error code $code has a meaning and a remedy', ({ code, paragraphs }) => {
  expect(paragraphs).toEqual([expect.stringMatching(/\.$/), expect.stringMatching(/\.$/)]);
  expect(errorsDocument().text).toContain(`| \`${code}\` |`);
});
