import { expect, inject, test, vi } from 'vitest';
import { uploadAndReport } from './report-hidden.ts';
import { resumeChosen, unfinished, uploadLasting } from './resume-uploads.ts';
import { uploadAwake } from './upload-awake.ts';
import { uploadChosen } from './upload-form.ts';

const uploadsUrl = inject('uploadsUrl');

/** A form in which this file was chosen. */
function formWith(file: File): HTMLFormElement {
  const form = document.createElement('form');
  form.innerHTML = '<input type="file"><output></output>';
  const chosen = new DataTransfer();
  chosen.items.add(file);
  const input = form.querySelector('input');
  if (input !== null) input.files = chosen.files;
  return form;
}

test('the form of docs/guides/browser.md uploads what was chosen', async () => {
  const form = formWith(new File(['123456789'], 'form.txt'));
  await uploadChosen(form, `${uploadsUrl}/uploads`);
  const shown = 'wei/form.txt is stored and proven, CRC64 11051210869376104954';
  expect(form.querySelector('output')?.value).toBe(shown);
});

test('the form shows the remedy when the upload fails', async () => {
  const form = formWith(new File(['123456789'], 'form.exe'));
  await uploadChosen(form, `${uploadsUrl}/uploads`);
  expect(form.querySelector('output')?.value).toMatch(/No programs, please/);
});

test.each([
  ['/hidden', ['expose these headers: x-oss-hash-crc64ecma, x-oss-request-id']],
  ['/uploads', []],
])('the report of docs/guides/browser.md on the bucket behind %s', async (path, expected) => {
  const reported: string[] = [];
  const file = new File(['123456789'], 'reported.txt');
  const { result } = uploadAndReport(file, uploadsUrl + path, (text) => reported.push(text));
  expect(await result).toMatchObject({ size: 9 });
  expect(reported).toEqual(expected);
});

test('the upload of docs/guides/browser.md reports a lost network, and resumes', async () => {
  // The browser itself would retry a connection lost before the response.
  const effect = { kind: 'truncateResponse' };
  const rule = { operation: 'PutObject', key: 'wei/awake.txt', times: 1, effect };
  await fetch(`${uploadsUrl}/misbehave`, { method: 'POST', body: JSON.stringify(rule) });
  const onLine = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
  const shown: string[] = [];
  const { result } = uploadAwake(new File(['123456789'], 'awake.txt'), `${uploadsUrl}/uploads`, (text) => {
    shown.push(text);
    onLine.mockReturnValue(true);
  });
  expect(await result).toMatchObject({ key: 'wei/awake.txt' });
  expect(shown).toEqual(['no network: the upload waits', 'the upload continues']);
  onLine.mockRestore();
});

test('an unfinished upload of docs/guides/browser.md is listed and resumed', async () => {
  const file = new File([new Uint8Array(700_000).fill(7)], 'lasting.bin');
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied' };
  const rule = { operation: 'UploadPart', key: 'wei/lasting.bin', partNumber: 3, times: 1, effect };
  await fetch(`${uploadsUrl}/misbehave`, { method: 'POST', body: JSON.stringify(rule) });
  const interrupted = uploadLasting(file, `${uploadsUrl}/uploads`);
  await expect(interrupted.result).rejects.toMatchObject({ code: 'access_denied' });
  expect(await unfinished()).toEqual([expect.stringMatching(/^lasting\.bin: \d+ of 700000 bytes$/)]);
  expect(await resumeChosen(new File(['other'], 'other.bin'), `${uploadsUrl}/uploads`)).toBeUndefined();
  const upload = await resumeChosen(file, `${uploadsUrl}/uploads`);
  expect(await upload?.result).toMatchObject({ key: 'wei/lasting.bin', size: 700_000 });
  expect(await unfinished()).toEqual([]);
});
