import { createHttpControlPlane, type Upload, uploadFile } from '@partway/browser';
import { type UploadView, useUpload, useUploads } from '@partway/browser/react';
import { createElement, type ReactNode, StrictMode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { expect, inject, onTestFinished, test } from 'vitest';
import { driveUpload, OBJECT, painted, REFUSED } from '../element/driven-upload.ts';

test('a component renders an upload from its first byte to its object', async () => {
  const controlPlane = createHttpControlPlane(`${inject('uploadsUrl')}/uploads`, {
    headers: { authorization: 'Bearer react' },
  });
  const file = new Blob([new Uint8Array(250_000).fill(7)]);
  const upload = uploadFile(file, { controlPlane, key: 'react.bin', partSize: 100 * 1024 });
  const { views } = show(upload);
  await upload.result;
  await expect.poll(() => views.at(-1)?.snapshot?.phase).toBe('completed');
  expect(views.at(0)?.snapshot).toMatchObject({ phase: 'opening', confirmedBytes: 0 });
  expect(views.at(-1)?.object).toMatchObject({ key: 'react/react.bin', size: 250_000 });
});

test('a thousand events within a frame cause one rendering', async () => {
  const upload = driveUpload();
  const { views } = show(upload);
  await painted();
  const before = views.length;
  for (let bytes = 1; bytes <= 1000; bytes++) upload.set({ sentBytes: bytes });
  await painted();
  expect(views.length).toBe(before + 1);
  expect(views.at(-1)?.snapshot?.sentBytes).toBe(1000);
});

test('an event that changes nothing renders nothing', async () => {
  const upload = driveUpload();
  const { views } = show(upload);
  await painted();
  const before = views.length;
  upload.set({});
  await painted();
  expect(views.length).toBe(before);
});

test('the snapshot keeps its identity until something changes', async () => {
  const upload = driveUpload();
  const { views, render } = show(upload);
  render(upload);
  expect(views.length).toBeGreaterThan(1);
  expect(new Set(views).size).toBe(1);
  upload.set({ phase: 'sending' });
  await painted();
  expect(new Set(views).size).toBe(2);
  expect(new Set(views.map(({ pause }) => pause)).size).toBe(1);
});

test('an upload is paused, resumed and aborted from a component', async () => {
  const upload = driveUpload();
  const { views } = show(upload);
  views.at(-1)?.pause();
  expect(upload.snapshot().phase).toBe('paused');
  views.at(-1)?.resume();
  expect(upload.snapshot().phase).toBe('sending');
  await views.at(-1)?.abort();
  await expect.poll(() => views.at(-1)?.error?.code).toBe('aborted');
});

test('the end of an upload is reported: the object, or the error', async () => {
  const [good, bad] = [driveUpload(), driveUpload()];
  const shown = [show(good), show(bad)];
  good.complete();
  bad.fail();
  await painted();
  expect(shown[0]?.views.at(-1)).toMatchObject({ object: OBJECT, error: undefined });
  expect(shown[1]?.views.at(-1)).toMatchObject({ object: undefined, error: REFUSED });
});

test('an event between rendering and effects is not missed', async () => {
  const upload = driveUpload();
  const { views } = show(upload, {
    onRender: () => {
      if (upload.snapshot().phase === 'opening') upload.complete();
    },
  });
  await painted();
  expect(views.at(-1)?.snapshot?.phase).toBe('completed');
});

test('without an upload the view is empty and the controls have no effect', async () => {
  const { views, render } = show(undefined);
  expect(views.at(-1)).toMatchObject({ snapshot: undefined, object: undefined, error: undefined });
  views.at(-1)?.pause();
  views.at(-1)?.resume();
  await views.at(-1)?.abort();
  const upload = driveUpload();
  render(upload);
  expect(views.at(-1)?.snapshot?.phase).toBe('opening');
});

test('another upload replaces the first, which is unsubscribed', async () => {
  const [first, second] = [driveUpload(1), driveUpload(2)];
  const { views, render, unmount } = show(first);
  render(second);
  expect(views.at(-1)?.snapshot?.size).toBe(2);
  expect([first.listenerCount(), second.listenerCount()]).toEqual([0, 1]);
  unmount();
  expect(second.listenerCount()).toBe(0);
});

test('strict mode leaves one listener, and none after unmounting', async () => {
  const upload = driveUpload();
  const { views, unmount } = show(upload, { isStrict: true });
  upload.complete();
  await painted();
  expect(views.at(-1)?.snapshot?.phase).toBe('completed');
  expect(upload.listenerCount()).toBe(1);
  unmount();
  expect(upload.listenerCount()).toBe(0);
});

test('a remounted component shows the current state in its first rendering', async () => {
  const upload = driveUpload();
  show(upload).unmount();
  upload.complete();
  const { views } = show(upload);
  expect(views.at(0)?.snapshot?.phase).toBe('completed');
});

test('progress of many uploads within a frame causes one rendering', async () => {
  const uploads = [driveUpload(1), driveUpload(2), driveUpload(3)];
  const seen = showMany(() => uploads);
  await painted();
  const before = seen.length;
  for (const upload of uploads) upload.set({ phase: 'sending' });
  await painted();
  expect(seen.length).toBe(before + 1);
  expect(seen.at(-1)?.map(({ snapshot }) => [snapshot?.size, snapshot?.phase])).toEqual([
    [1, 'sending'],
    [2, 'sending'],
    [3, 'sending'],
  ]);
  const untouched = seen.at(-1)?.[2];
  uploads[0]?.complete();
  await painted();
  expect(seen.at(-1)?.[0]?.object).toEqual(OBJECT);
  expect(seen.at(-1)?.[2]).toBe(untouched);
});

test('one upload shown by many components has one subscription', async () => {
  const upload = driveUpload();
  const shown = [show(upload), show(upload), show(upload)];
  expect(upload.listenerCount()).toBe(1);
  upload.complete();
  await painted();
  expect(new Set(shown.map(({ views }) => views.at(-1))).size).toBe(1);
});

test('a new array of uploads for every rendering does not cause a render loop', async () => {
  const upload = driveUpload();
  const seen = showMany(() => [upload, upload]);
  await painted();
  expect(seen.length).toBeLessThan(4);
  upload.complete();
  await painted();
  expect(seen.at(-1)?.map(({ object }) => object)).toEqual([OBJECT, OBJECT]);
  expect(seen.length).toBeLessThan(8);
});

test('a server renders no upload', () => {
  const upload = driveUpload();
  const views: UploadView[] = [];
  renderToString(createElement(Watcher, { upload, views }));
  expect(views.map(({ snapshot }) => snapshot)).toEqual([undefined]);
  expect(upload.listenerCount()).toBe(0);
});

interface Shown {
  /** One for each rendering. */
  readonly views: UploadView[];
  readonly render: (upload: Upload | undefined) => void;
  readonly unmount: () => void;
}

interface Watched {
  readonly upload: Upload | undefined;
  readonly views: UploadView[];
  readonly onRender?: () => void;
}

function Watcher({ upload, views, onRender }: Watched): ReactNode {
  views.push(useUpload(upload));
  onRender?.();
  return null;
}

interface WatchedMany {
  /** Called at every rendering. */
  readonly uploads: () => readonly Upload[];
  readonly seen: (readonly UploadView[])[];
}

function ManyWatcher({ uploads, seen }: WatchedMany): ReactNode {
  seen.push(useUploads(uploads()));
  return null;
}

function show(upload: Upload | undefined, { isStrict = false, onRender = () => undefined } = {}): Shown {
  const views: UploadView[] = [];
  const wrap = (node: ReactNode): ReactNode => (isStrict ? createElement(StrictMode, null, node) : node);
  const element = (shown: Upload | undefined): ReactNode =>
    wrap(createElement(Watcher, { upload: shown, views, onRender }));
  return { views, ...mount(element, upload) };
}

function showMany(uploads: () => readonly Upload[]): (readonly UploadView[])[] {
  const seen: (readonly UploadView[])[] = [];
  mount(() => createElement(ManyWatcher, { uploads, seen }), undefined);
  return seen;
}

function mount(
  element: (upload: Upload | undefined) => ReactNode,
  upload: Upload | undefined,
): Pick<Shown, 'render' | 'unmount'> {
  const root = createRoot(document.createElement('div'));
  const unmount = (): void => flushSync(() => root.unmount());
  onTestFinished(unmount);
  const render = (shown: Upload | undefined): void => flushSync(() => root.render(element(shown)));
  render(upload);
  return { render, unmount };
}
