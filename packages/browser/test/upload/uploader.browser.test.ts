import { createFetchTransport, createHttpControlPlane, createUploader } from '@partway/browser';
import type { Transport } from '@partway/core/ports';
import { expect, inject, test } from 'vitest';

const controlPlane = createHttpControlPlane(`${inject('uploadsUrl')}/uploads`, {
  headers: { authorization: 'Bearer many' },
});

test('many files use at most as many requests at once as a page has connections', async () => {
  const { transport, most } = countInFlight(createFetchTransport());
  const uploader = createUploader();
  const uploads = Array.from({ length: 8 }, (_, index) => {
    const file = new Blob([new Uint8Array(200_000 + index)]);
    return uploader.uploadFile(file, { controlPlane, transport, key: `${index}.bin`, partSize: 100 * 1024 });
  });
  const objects = await Promise.all(uploads.map(({ result }) => result));
  expect(objects.map(({ key, size }) => [key, size])).toEqual(
    uploads.map((_, index) => [`many/${index}.bin`, 200_000 + index]),
  );
  expect(most()).toBeGreaterThan(1);
  expect(most()).toBeLessThanOrEqual(6);
});

test('a budget of one request is never exceeded', async () => {
  const { transport, most } = countInFlight(createFetchTransport());
  const uploader = createUploader({ concurrency: 4 });
  uploader.setConcurrency(1);
  const uploads = ['a', 'b', 'c'].map((key) =>
    uploader.uploadFile(new Blob([new Uint8Array(250_000)]), {
      ...{ controlPlane, transport, key },
      partSize: 100 * 1024,
    }),
  );
  await Promise.all(uploads.map(({ result }) => result));
  expect(most()).toBe(1);
});

test('an invalid option throws an error with its name', () => {
  expect(() => createUploader({ concurrency: 0 })).toThrow(RangeError);
  expect(() => createUploader({ concurrencyMax: 257 })).toThrow('concurrencyMax');
  expect(() => createUploader().uploadFile(JSON.parse('{}'), { controlPlane, key: 'a' })).toThrow(TypeError);
});

function countInFlight(inner: Transport): { readonly transport: Transport; most(): number } {
  let [inFlight, most] = [0, 0];
  const transport: Transport = {
    ...inner,
    put(request) {
      inFlight += 1;
      most = Math.max(most, inFlight);
      return inner.put(request).finally(() => {
        inFlight -= 1;
      });
    },
  };
  return { transport, most: () => most };
}
