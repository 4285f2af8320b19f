import { createIndexedDbCheckpoints, listUnfinishedUploads, uploadFile } from '@partway/browser';
import { beforeEach, expect, inject, test } from 'vitest';

const uploadsUrl = inject('uploadsUrl');
const file = new File([new Uint8Array(700_000).fill(7)], 'example.bin');

/** The page of the examples: it has one input, in which the file was chosen. */
beforeEach(() => {
  document.body.innerHTML = '<input type="file">';
  const chosen = new DataTransfer();
  chosen.items.add(file);
  const input = document.querySelector('input');
  if (input !== null) input.files = chosen.files;
});

test('the example of uploadFile uploads the chosen file', async () => {
  await runExample('uploadFile');
  expect(await sizeOf('wei/example.bin')).toBe(file.size);
});

test('the example of resumeUpload completes the unfinished upload of the chosen file', async () => {
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied' };
  const rule = { operation: 'UploadPart', key: 'wei/unfinished.bin', partNumber: 3, times: 1, effect };
  await fetch(`${uploadsUrl}/misbehave`, { method: 'POST', body: JSON.stringify(rule) });
  const interrupted = uploadFile(file, {
    endpoint: `${uploadsUrl}/uploads`,
    headers: { authorization: 'Bearer wei' },
    checkpoints: createIndexedDbCheckpoints(),
    partSize: 256 * 1024,
    key: 'unfinished.bin',
  });
  await expect(interrupted.result).rejects.toMatchObject({ code: 'access_denied' });
  await runExample('resumeUpload');
  expect(await sizeOf('wei/unfinished.bin')).toBe(file.size);
  expect(await listUnfinishedUploads()).toEqual([]);
});

/** Served by tooling/api/examples-plugin.ts; no bundler looks for it. */
async function runExample(name: string): Promise<void> {
  await import(/* @vite-ignore */ `/test/doc-example-${name}.ts`);
}

async function sizeOf(key: string): Promise<number | undefined> {
  const response = await fetch(`${uploadsUrl}/objects/media/${key}`);
  return ((await response.json()) as { size: number } | null)?.size;
}
