import { createHttpControlPlane, UploadError, type UploadErrorCode } from '@partway/browser';
import { defineUploadElement, PartwayUploadElement, type UploadTotals } from '@partway/browser/element';
import { expect, inject, onTestFinished, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { OBJECT, painted, REFUSED } from './driven-upload.ts';
import { fileOf, place, SENDING } from './upload-element-stage.ts';

const headers = { authorization: 'Bearer element' };

test('a picked file is uploaded with only the endpoint set', async () => {
  const { element, root, part } = place({ endpoint: `${inject('uploadsUrl')}/uploads` });
  element.start = undefined;
  element.headers = async () => headers;
  const completed = recordEvents(element, 'partway-completed');
  const input = root.querySelector('input');
  if (input === null) throw new Error('there is no input');
  await userEvent.upload(input, new File([new Uint8Array(150_000)], 'clip.bin'));
  await expect.poll(() => completed).toHaveLength(1);
  expect(completed[0]).toMatchObject({
    file: { name: 'clip.bin' },
    object: { key: 'element/clip.bin', size: 150_000 },
  });
  await expect.poll(() => part('status').textContent).toBe('Uploaded');
});

test('a refusal of the coordinator is shown in the row and in an event without secrets', async () => {
  const { element, part } = place({ endpoint: `${inject('uploadsUrl')}/uploads` });
  element.start = undefined;
  element.headers = headers;
  const failed = recordEvents(element, 'partway-failed');
  element.add([fileOf('virus.exe')]);
  await expect.poll(() => failed).toHaveLength(1);
  expect(failed[0]?.error).toMatchObject({ code: 'refused' });
  expect(JSON.stringify({ ...failed[0]?.error, message: failed[0]?.error.message })).not.toMatch(
    /http|Bearer/,
  );
  await expect.poll(() => part('status').textContent).toBe('The server rejected this file. (refused)');
});

test('a custom start function shares the budget of the element', async () => {
  const { element } = place();
  const controlPlane = createHttpControlPlane(`${inject('uploadsUrl')}/uploads`, { headers });
  element.start = (file, uploader) => uploader.uploadFile(file, { controlPlane, key: `own/${file.name}` });
  const completed = recordEvents(element, 'partway-completed');
  element.add(['a', 'b', 'c'].map((name) => fileOf(name)));
  await expect.poll(() => completed).toHaveLength(3);
  expect(new Set(completed.map(({ object }) => object.key))).toEqual(
    new Set(['element/own/a', 'element/own/b', 'element/own/c']),
  );
});

test('a row shows progress, speed and time left', async () => {
  const { uploads, part, add } = place();
  await add('holiday.mp4');
  expect([part('name'), part('size'), part('status')].map(({ textContent }) => textContent)).toEqual([
    'holiday.mp4',
    '1 kB',
    'Waiting',
  ]);
  uploads[0]?.set(SENDING);
  await painted();
  expect(part('status').textContent).toBe('Uploading · 41% · 200 byte/s · 3 sec left');
  expect(part('progress')).toMatchObject({ value: 410, max: 1000 });
  uploads[0]?.set({ phase: 'completing' });
  await painted();
  expect(part('status').textContent).toBe('Finishing');
  uploads[0]?.complete();
  await painted();
  expect(part('status').textContent).toBe('Uploaded');
  expect(part('progress')).toMatchObject({ value: 1000 });
});

test('a row shows that its file waits for the network', async () => {
  const { uploads, part, add } = place();
  await add('holiday.mp4');
  uploads[0]?.set({ ...SENDING, isOffline: true });
  await painted();
  expect(part('status').textContent).toBe('Offline, resumes automatically · 41%');
  expect(part('status').getAttribute('part')).toBe('status status-offline');
  expect(part('toggle').textContent).toBe('Pause');
});

test('the buttons pause, resume, retry and remove an upload', async () => {
  const { uploads, part, parts, add } = place();
  await add('holiday.mp4');
  part('toggle').click();
  await painted();
  expect([part('status').textContent, part('toggle').textContent]).toEqual(['Paused · 0%', 'Resume']);
  part('toggle').click();
  await painted();
  expect([uploads[0]?.snapshot().phase, part('toggle').textContent]).toEqual(['sending', 'Pause']);
  uploads[0]?.fail();
  await painted();
  expect(part('toggle').textContent).toBe('Try again');
  part('toggle').click();
  await painted();
  expect([uploads.length, part('status').textContent]).toEqual([2, 'Waiting']);
  expect(uploads[0]?.listenerCount()).toBe(0);
  part('remove').click();
  await painted();
  expect([uploads[1]?.snapshot().error?.code, parts('row').length]).toEqual(['aborted', 0]);
});

test.each<[UploadErrorCode, string[], string]>([
  ['callback_failed', [], 'it is stored'],
  ['unproven', [], 'it is stored'],
  ['source_changed', [], 'it has to be chosen again'],
  ['network', ['Try again'], 'it may succeed later'],
])('after %s the retry buttons are %j: %s', async (code, buttons) => {
  const { uploads, parts, root, part, add } = place();
  await add('a');
  part('toggle').focus();
  uploads[0]?.set({ partCount: 1 });
  uploads[0]?.fail(new UploadError({ code, message: 'failed', disposition: 'permanent' }));
  await painted();
  expect(parts('toggle').map(({ textContent }) => textContent)).toEqual(buttons);
  expect(root.activeElement?.textContent).toBe(buttons[0] ?? 'Remove');
});

test('a removed or retried upload emits no further events', async () => {
  const { element, uploads, part, add } = place();
  const failed = recordEvents(element, 'partway-failed');
  const completed = recordEvents(element, 'partway-completed');
  await add('a');
  part('remove').click();
  await add('b');
  uploads[1]?.fail();
  await painted();
  expect(failed.map(({ file, error }) => [file.name, error])).toEqual([['b', REFUSED]]);
  part('toggle').click();
  uploads[2]?.complete();
  await painted();
  expect(completed.map(({ file, object }) => [file.name, object])).toEqual([['b', OBJECT]]);
  expect(failed).toHaveLength(1);
});

test('an upload that cannot start is a failed row with a retry button', async () => {
  const { element, uploads, part, add } = place();
  const { start } = element;
  element.start = () => {
    throw new TypeError('not today');
  };
  await add('a');
  expect(part('status').textContent).toBe('Something went wrong. Try again. (internal)');
  expect(element.uploads.map(({ upload }) => upload)).toEqual([undefined]);
  element.start = start;
  part('toggle').click();
  uploads[0]?.complete();
  await painted();
  expect(part('status').textContent).toBe('Uploaded');
});

test('the summary line and the event report the progress of all files', async () => {
  const { element, uploads, part, parts, add } = place();
  const changes = recordEvents(element, 'partway-changed');
  await add('a');
  expect(parts('overall')).toEqual([]);
  await add('b', 'c');
  uploads[0]?.complete();
  uploads[1]?.set(SENDING);
  uploads[2]?.fail();
  await painted();
  await painted();
  expect(part('summary').textContent).toBe(
    '1 of 3 files uploaded, 1 failed · 1.41 kB of 2 kB · 200 byte/s · 3 sec left',
  );
  expect(part('overall-progress')).toMatchObject({ value: 1410, max: 2000 });
  const totals: UploadTotals = {
    files: 3,
    completed: 1,
    failed: 1,
    size: 2000,
    sentBytes: 1410,
    bytesPerSecond: 200,
  };
  expect(changes.at(-1)).toEqual(totals);
});

test('a thousand events within a frame cause one change', async () => {
  const { element, uploads, add } = place();
  await add('a');
  await painted();
  const changes = recordEvents(element, 'partway-changed');
  for (let bytes = 1; bytes <= 1000; bytes++) uploads[0]?.set({ sentBytes: bytes });
  await painted();
  await painted();
  expect(changes.map(({ sentBytes }) => sentBytes)).toEqual([1000]);
});

test('files of another type, folders and files above the limit are named, and not added', async () => {
  const { element, parts, part } = place({ accept: '.mp4,image/*', 'max-files': '2' });
  element.add([
    fileOf('notes.txt', 'text/plain'),
    fileOf('A.MP4'),
    fileOf('b', 'image/png'),
    fileOf('c.mp4'),
  ]);
  await painted();
  expect(parts('name').map(({ textContent }) => textContent)).toEqual(['A.MP4', 'b']);
  expect(part('notice').textContent).toBe(
    'Not added, file type not accepted: notes.txt. Not all files were added. The maximum is 2 files.',
  );
  part('remove').click();
  element.add([fileOf('d.mp4')]);
  await painted();
  expect(parts('notice')).toEqual([]);
  expect(parts('name').map(({ textContent }) => textContent)).toEqual(['b', 'd.mp4']);
});

test('without multiple only one file is added', async () => {
  const { element, root, parts, add } = place();
  element.toggleAttribute('multiple', false);
  expect(root.querySelector('input')?.multiple).toBe(false);
  await add('a', 'b');
  expect(parts('row')).toHaveLength(1);
});

test('dropped files are added; other dropped data is ignored', async () => {
  const { element, part, parts } = place();
  const transfer = new DataTransfer();
  transfer.items.add(fileOf('dropped.bin'));
  drag(element, 'dragenter', transfer);
  expect(part('dropzone').part.contains('dropzone-over')).toBe(true);
  expect(drag(element, 'dragover', transfer)).toBe(false);
  expect(drag(element, 'drop', transfer)).toBe(false);
  await expect.poll(() => parts('name').map(({ textContent }) => textContent)).toEqual(['dropped.bin']);
  expect(part('dropzone').part.contains('dropzone-over')).toBe(false);
  const text = new DataTransfer();
  text.setData('text/plain', 'hello');
  expect(drag(element, 'dragover', text)).toBe(true);
  expect(drag(element, 'drop', text)).toBe(true);
  await painted();
  expect(parts('row')).toHaveLength(1);
});

function drag(element: Element, type: string, dataTransfer: DataTransfer): boolean {
  return element.dispatchEvent(new DragEvent(type, { dataTransfer, cancelable: true, bubbles: true }));
}

test('clearing the list aborts unfinished uploads and keeps completed ones', async () => {
  const { element, uploads, parts, add } = place();
  await add('a', 'b');
  uploads[0]?.complete();
  element.clear();
  await painted();
  expect(uploads.map((upload) => upload.snapshot().phase)).toEqual(['completed', 'failed']);
  expect([parts('row').length, element.uploads.length]).toEqual([0, 0]);
});

test('an element that is moved in the page keeps its uploads', async () => {
  const { element, uploads, part, add } = place();
  await add('a');
  const box = document.createElement('div');
  document.body.append(box);
  onTestFinished(() => box.remove());
  box.append(element);
  uploads[0]?.complete();
  await painted();
  expect(part('status').textContent).toBe('Uploaded');
});

test('properties that were set before the element was defined are kept', async () => {
  class Early extends PartwayUploadElement {}
  const waiting = document.createElement('early-upload') as PartwayUploadElement;
  waiting.headers = headers;
  waiting.texts = { choose: () => 'Pick' };
  customElements.define('early-upload', Early);
  document.body.append(waiting);
  onTestFinished(() => waiting.remove());
  expect(waiting.headers).toBe(headers);
  expect(Object.hasOwn(waiting, 'headers')).toBe(false);
  expect(waiting.shadowRoot?.querySelector('[part~=choose]')?.textContent).toBe('Pick');
});

test('defining the element twice has no effect', () => {
  defineUploadElement();
  expect(defineUploadElement).not.toThrow();
});

/** The details of all events of a name from now on. */
function recordEvents<Name extends 'partway-completed' | 'partway-failed' | 'partway-changed'>(
  element: HTMLElement,
  name: Name,
): HTMLElementEventMap[Name]['detail'][] {
  const details: HTMLElementEventMap[Name]['detail'][] = [];
  const listen = (event: HTMLElementEventMap[Name]): void => void details.push(event.detail);
  element.addEventListener(name, listen);
  return details;
}
