import { UploadError } from '@partway/browser';
import type { PartwayUploadElement } from '@partway/browser/element';
import { expect, onTestFinished, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { painted } from './driven-upload.ts';
import {
  endpoint,
  fileOfParts,
  headers,
  type LeftUpload,
  leaveUnfinished,
  PART,
} from './unfinished-stage.ts';
import { fileOf, place, type Stage } from './upload-element-stage.ts';

/** An element as a later page has it, with what was left unfinished. */
async function placeLater(
  { checkpoints }: Pick<LeftUpload, 'checkpoints'>,
  attributes: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const stage = place({ endpoint, ...attributes });
  stage.element.start = undefined;
  stage.element.headers = headers;
  stage.element.checkpoints = checkpoints;
  await expect.poll(() => stage.parts('row-unfinished')).not.toEqual([]);
  return stage;
}

/** Presses the button of the unfinished upload, and chooses this file. */
function chooseAgain({ root, part }: Stage, file: File): void {
  const input = root.querySelector<HTMLInputElement>('[part=unfinished] input');
  if (input === null) throw new Error('there is no input');
  input.addEventListener('click', (event) => event.preventDefault(), { once: true });
  part('resume').click();
  const chosen = new DataTransfer();
  chosen.items.add(file);
  // As a picker does it; the time of modification stays what it is.
  input.files = chosen.files;
  input.dispatchEvent(new Event('change'));
}

test('an unfinished upload is listed, and resumes with the file chosen again', async () => {
  const left = await leaveUnfinished('film.bin');
  const stage = await placeLater(left);
  const { part, parts, root } = stage;
  expect(part('row-unfinished').textContent).toContain(
    'film.bin307 kB102 kB of 307 kB · started this minute',
  );
  expect(part('progress')).toMatchObject({ value: PART, max: 3 * PART, ariaLabel: 'film.bin' });
  expect(part('resume').textContent).toBe('Choose file again');
  chooseAgain(stage, left.file);
  await expect.poll(() => parts('status-completed')).toHaveLength(1);
  expect(parts('unfinished')).toEqual([]);
  expect(root.activeElement?.ariaLabel).toBe('Remove film.bin');
  expect([await left.stored(), await left.remembered()]).toEqual([3 * PART, []]);
});

test('another file is refused by name; the unfinished upload stays', async () => {
  const left = await leaveUnfinished('mine.bin');
  const stage = await placeLater(left);
  chooseAgain(stage, fileOf('yours.bin'));
  await expect
    .poll(() => stage.part('status').textContent)
    .toBe('This file is different or has changed. Choose the original mine.bin.');
  expect(await left.remembered()).toHaveLength(1);
  chooseAgain(stage, left.file);
  await expect.poll(left.stored).toBe(3 * PART);
});

test('the same file resumes when it is added like any other', async () => {
  const left = await leaveUnfinished('added.bin');
  const { element, parts } = await placeLater(left);
  element.add([left.file]);
  await expect.poll(() => parts('status-completed')).toHaveLength(1);
  expect(parts('unfinished')).toEqual([]);
  expect(await left.remembered()).toEqual([]);
});

test('a changed file that is added starts from zero, and replaces the unfinished upload', async () => {
  const left = await leaveUnfinished('changed.bin');
  const { element, parts } = await placeLater(left);
  const failed: unknown[] = [];
  element.addEventListener('partway-failed', ({ detail }) => failed.push(detail.error.code));
  element.add([new File([new Uint8Array(1000)], 'changed.bin')]);
  await expect.poll(() => parts('status-completed')).toHaveLength(1);
  expect([failed, await left.stored(), await left.remembered()]).toEqual([[], 1000, []]);
});

test('removing deletes the unfinished upload and moves the focus', async () => {
  const left = await leaveUnfinished('unwanted.bin');
  const { root, part, parts } = await placeLater(left);
  part('remove').focus();
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => parts('unfinished')).toEqual([]);
  expect(root.activeElement?.textContent).toBe('Choose files');
  expect(await left.remembered()).toEqual([]);
});

test('an upload that cannot be removed stays, with the reason', async () => {
  const left = await leaveUnfinished('stuck.bin');
  const { element, part } = await placeLater(left);
  const { controlPlane } = element;
  const abort = () => {
    const error = { code: 'access_denied', message: 'refused', disposition: 'permanent' } as const;
    return Promise.reject(new UploadError(error));
  };
  element.controlPlane = { ...controlPlane, abort };
  part('remove').click();
  await expect.poll(() => part('status').textContent).toBe('The server rejected this file. (access_denied)');
  element.controlPlane = controlPlane;
  await expect.poll(() => part('remove').ariaDisabled).toBe('false');
  part('remove').click();
  await expect.poll(left.remembered).toEqual([]);
});

test('a resumable failed upload is removed with its row', async () => {
  const left = await leaveUnfinished('failing.bin');
  const { element, part, parts } = await placeLater(left);
  const { controlPlane } = element;
  const presignParts = () => {
    const error = { code: 'access_denied', message: 'refused', disposition: 'permanent' } as const;
    return Promise.reject(new UploadError(error));
  };
  element.controlPlane = { ...controlPlane, presignParts };
  element.add([left.file]);
  await expect.poll(() => parts('status-failed')).toHaveLength(1);
  expect([parts('unfinished'), (await left.remembered()).length]).toEqual([[], 1]);
  part('remove').click();
  await expect.poll(left.remembered).toEqual([]);
  await painted();
  expect(parts('row')).toEqual([]);
});

test('an upload in another page is not resumable until it stops there', async () => {
  const left = await leaveUnfinished('shared.bin');
  const here = await placeLater(left);
  const there = await placeLater(left);
  there.element.controlPlane = standingStill(there.element);
  there.element.add([left.file]);
  await expect.poll(() => here.part('status').textContent).toContain('Uploading in another tab · ');
  expect([here.part('resume').ariaDisabled, here.part('remove').ariaDisabled]).toEqual(['true', 'true']);
  there.part('toggle').click();
  await expect.poll(() => here.part('resume').ariaDisabled).toBe('false');
  there.element.clear();
  await expect.poll(() => here.parts('row')).toEqual([]);
});

test('the same file added twice is refused with a text, and the first upload continues', async () => {
  const left = await leaveUnfinished('twice.bin');
  const { element, part, parts } = await placeLater(left);
  element.controlPlane = standingStill(element);
  element.add([left.file]);
  await expect.poll(() => parts('unfinished')).toEqual([]);
  element.add([left.file]);
  await expect
    .poll(() => part('status', 1).textContent)
    .toBe('This file is already being uploaded, perhaps in another tab. (upload_locked)');
  part('remove', 1).click();
  await painted();
  expect([parts('unfinished'), parts('row').length, (await left.remembered()).length]).toEqual([[], 1, 1]);
  element.clear();
  await expect.poll(left.remembered).toEqual([]);
});

/** Where no URL is given, no part is sent. */
function standingStill({ controlPlane }: PartwayUploadElement): PartwayUploadElement['controlPlane'] {
  return { ...controlPlane, presignParts: ({ signal }) => rejectedWhenAborted(signal) };
}

function rejectedWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

test('resumable="off" stores nothing and lists nothing', async () => {
  const left = await leaveUnfinished('off.bin');
  const { element, parts } = await placeLater(left);
  expect(element.checkpoints).toBe(left.checkpoints);
  element.setAttribute('resumable', 'off');
  await expect.poll(() => parts('unfinished')).toEqual([]);
  expect(element.checkpoints).toBeUndefined();
  element.removeAttribute('resumable');
  await expect.poll(() => parts('row-unfinished')).toHaveLength(1);
});

test('unfinished uploads are listed per endpoint', async () => {
  const left = await leaveUnfinished('apart.bin', undefined, `partway ${endpoint}`);
  const { element, parts, part } = place({ endpoint: '/elsewhere' });
  await painted();
  expect(parts('unfinished')).toEqual([]);
  element.setAttribute('endpoint', endpoint);
  element.headers = headers;
  await expect.poll(() => parts('name').map(({ textContent }) => textContent)).toEqual(['apart.bin']);
  part('remove').click();
  await expect.poll(left.remembered).toEqual([]);
});

const lack = 'getDirectory' in (navigator.storage ?? {}) ? '' : ': WebKitGTK has no handles of files';

test.skipIf(lack)(`a file dropped with its handle resumes by one click${lack}`, async () => {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle('dropped.bin', { create: true });
  const writable = await handle.createWritable();
  await writable.write(await fileOfParts('dropped.bin').arrayBuffer());
  await writable.close();
  const left = await leaveUnfinished('dropped.bin', handle);
  const { part, parts } = await placeLater(left);
  expect([part('resume').textContent, part('resume').ariaLabel]).toEqual(['Resume', 'Resume dropped.bin']);
  part('resume').click();
  await expect.poll(() => parts('status-completed')).toHaveLength(1);
  expect(await left.stored()).toBe(3 * PART);
});

test.skipIf(lack)(`a handle of a missing file leads to a request for the file${lack}`, async () => {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle('gone.bin', { create: true });
  const writable = await handle.createWritable();
  await writable.write(await fileOfParts('gone.bin').arrayBuffer());
  await writable.close();
  const left = await leaveUnfinished('gone.bin', handle);
  await folder.removeEntry('gone.bin');
  const { part } = await placeLater(left);
  part('resume').click();
  await expect.poll(() => part('status').textContent).toBe('The file cannot be read. Choose it again.');
  expect(part('resume').textContent).toBe('Choose file again');
});

test.skipIf(lack)(`a handle comes with what is dropped, where the browser gives one${lack}`, async () => {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle('handed.bin', { create: true });
  const { prototype } = DataTransferItem;
  const before = Object.getOwnPropertyDescriptor(prototype, 'getAsFileSystemHandle');
  onTestFinished(() => {
    Object.defineProperty(prototype, 'getAsFileSystemHandle', before ?? {});
  });
  Object.defineProperty(prototype, 'getAsFileSystemHandle', {
    ...before,
    value: () => Promise.resolve(handle),
  });
  const { element } = place();
  const given: unknown[] = [];
  element.start = (file, uploader) => {
    const controlPlane = element.controlPlane;
    const upload = uploader.uploadFile(file, { controlPlane, key: file.name });
    given.push(file.name);
    return upload;
  };
  const followed: unknown[] = [];
  const { checkpoints } = element;
  if (checkpoints === undefined) throw new Error('nothing is remembered');
  element.checkpoints = {
    ...checkpoints,
    track(upload) {
      followed.push(upload.handle);
      return checkpoints.track(upload);
    },
  };
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(fileOf('handed.bin'));
  element.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true, bubbles: true }));
  await expect.poll(() => [given, followed]).toEqual([['handed.bin'], [handle]]);
  element.clear();
});

test('a full list resumes no unfinished upload', async () => {
  const left = await leaveUnfinished('full.bin');
  const stage = await placeLater(left, { 'max-files': '1' });
  stage.element.add([fileOf('other.bin')]);
  chooseAgain(stage, left.file);
  await expect
    .poll(() => stage.parts('notice').map(({ textContent }) => textContent))
    .toEqual(['Not all files were added. The maximum is 1 file.']);
  expect(stage.parts('row-unfinished')).toHaveLength(1);
});

test('every started upload is emitted with its handle', async () => {
  const { element, uploads, part, add } = place();
  const started: unknown[] = [];
  element.addEventListener('partway-started', ({ detail }) => started.push(detail));
  await add('a');
  uploads[0]?.fail();
  await painted();
  part('toggle').click();
  await painted();
  const file = element.uploads[0]?.file;
  expect(started).toEqual(uploads.map((upload) => ({ file, upload })));
  expect(started).toHaveLength(2);
});
