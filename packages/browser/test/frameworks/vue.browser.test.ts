import { createHttpControlPlane, type Upload, uploadFile } from '@partway/browser';
import { useUpload } from '@partway/browser/vue';
import { expect, inject, test } from 'vitest';
import { createApp, effectScope, h, nextTick, ref, shallowRef, type VNode, watchEffect } from 'vue';
import { driveUpload, OBJECT, painted, REFUSED } from '../element/driven-upload.ts';

test('a component renders an upload from its first byte to its object', async () => {
  const controlPlane = createHttpControlPlane(`${inject('uploadsUrl')}/uploads`, {
    headers: { authorization: 'Bearer vue' },
  });
  const file = new Blob([new Uint8Array(250_000).fill(7)]);
  const upload = uploadFile(file, { controlPlane, key: 'vue.bin', partSize: 100 * 1024 });
  const host = document.createElement('div');
  const app = createApp({ setup: () => useLine(upload) });
  app.mount(host);
  expect(host.textContent).toContain('opening');
  await upload.result;
  await expect.poll(() => host.textContent).toBe('completed vue/vue.bin');
  app.unmount();
});

function useLine(upload: Upload): () => VNode {
  const { snapshot, object } = useUpload(upload);
  return () => h('p', `${snapshot.value?.phase} ${object.value?.key ?? ''}`);
}

test('a thousand events within a frame cause one change', async () => {
  const upload = driveUpload();
  const scope = effectScope();
  const seen: unknown[] = [];
  scope.run(() => {
    const { snapshot } = useUpload(upload);
    watchEffect(() => seen.push(snapshot.value?.sentBytes), { flush: 'sync' });
  });
  for (let bytes = 1; bytes <= 1000; bytes++) upload.set({ sentBytes: bytes });
  await painted();
  expect(seen).toEqual([0, 1000]);
  scope.stop();
});

test('the component unsubscribes when its scope is disposed', async () => {
  const upload = driveUpload();
  const scope = effectScope();
  const snapshot = scope.run(() => useUpload(upload).snapshot);
  expect(upload.listenerCount()).toBe(1);
  scope.stop();
  expect(upload.listenerCount()).toBe(0);
  upload.complete();
  await painted();
  expect(snapshot?.value?.phase).toBe('opening');
});

test.each([
  ['a ref', ref],
  ['a shallow ref', shallowRef],
])('%s is tracked from no upload to the first and to the next', async (_, makeRef) => {
  const [first, second] = [driveUpload(1), driveUpload(2)];
  const upload = makeRef<Upload | undefined>();
  const scope = effectScope();
  const refs = scope.run(() => useUpload(() => upload.value));
  expect(refs?.snapshot.value).toBe(undefined);
  upload.value = first;
  await nextTick();
  expect(refs?.snapshot.value?.size).toBe(1);
  upload.value = second;
  await nextTick();
  expect(refs?.snapshot.value?.size).toBe(2);
  expect([first.listenerCount(), second.listenerCount()]).toEqual([0, 1]);
  scope.stop();
});

test('pause, resume and abort act on the upload, and its end is reported', async () => {
  const [first, second, third] = [driveUpload(), driveUpload(), driveUpload()];
  const upload = shallowRef<Upload>(first);
  const scope = effectScope();
  const refs = scope.run(() => useUpload(upload));
  refs?.pause();
  expect(first.snapshot().phase).toBe('paused');
  refs?.resume();
  expect(first.snapshot().phase).toBe('sending');
  await refs?.abort();
  await painted();
  expect(refs?.error.value?.code).toBe('aborted');
  upload.value = second;
  second.complete();
  await painted();
  expect([refs?.object.value, refs?.error.value]).toEqual([OBJECT, undefined]);
  upload.value = third;
  third.fail();
  await painted();
  expect([refs?.object.value, refs?.error.value]).toEqual([undefined, REFUSED]);
  scope.stop();
});
