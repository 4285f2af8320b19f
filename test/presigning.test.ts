import { expect, test } from 'vitest';
import { readDocument } from './documents.ts';
import { writeSnippets } from './snippets.ts';

test('the presigned request of the guide creates the object', async () => {
  const snippets = await writeSnippets('presigning', readDocument('guides/presigning.md'));
  try {
    expect(await snippets.run('presign.mjs')).toBe('200\n');
    expect(snippets.emulator.model.object('media', 'notes/1.txt')?.size).toBe(5);
  } finally {
    await snippets.close();
  }
});
