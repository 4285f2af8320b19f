import { createFetchTransport, createHttpControlPlane, uploadFile } from '@partway/browser';
import { crc64 } from '@partway/core';
import { expect, inject, test } from 'vitest';

const uploadsUrl = inject('uploadsUrl');
const endpoint = `${uploadsUrl}/uploads`;
const headers = { authorization: 'Bearer wei' };

/** The object in the emulator. */
async function storedObject(key: string): Promise<ReturnType<typeof JSON.parse>> {
  const response = await fetch(`${uploadsUrl}/objects/media/${key}`);
  return await response.json();
}

const bytes = Uint8Array.from({ length: 1_000_003 }, (_, index) => (index * 31) ^ (index >>> 8));
const whole = { size: bytes.length, crc64: crc64(bytes) };

test.each([
  ['in parts', 'parts.bin', 100 * 1024],
  ['in one request', 'single.bin', 1024 * 1024],
])('a page uploads a file %s to an OSS of another origin', async (_, name, partSize) => {
  const file = new File([bytes], name, { type: 'text/plain' });
  const upload = uploadFile(file, { endpoint, headers, partSize });
  expect(await upload.result).toMatchObject({ ...whole, key: `wei/${name}` });
  const stored = await storedObject(`wei/${name}`);
  expect(stored).toMatchObject(whole);
  expect(stored.headers['content-type']).toBe('text/plain');
  expect(upload.snapshot().retries).toBe(0);
});

test('a page uploads an empty file', async () => {
  const { result } = uploadFile(new File([], 'empty'), { endpoint, headers });
  expect(await result).toMatchObject({ size: 0, crc64: '0' });
});

test('key and contentType override the values of the file', async () => {
  const file = new File([bytes], 'a.txt', { type: 'text/plain' });
  const { result } = uploadFile(file, { endpoint, headers, key: 'b.css', contentType: 'text/css' });
  expect(await result).toMatchObject({ key: 'wei/b.css' });
  expect((await storedObject('wei/b.css')).headers['content-type']).toBe('text/css');
});

test('a control plane and a custom transport replace the endpoint', async () => {
  const controlPlane = createHttpControlPlane(endpoint, { headers });
  const transport = createFetchTransport();
  const { result } = uploadFile(new Blob([bytes]), { controlPlane, transport, key: 'blob' });
  expect(await result).toMatchObject(whole);
});

test('the headers function is called for every request to the coordinator', async () => {
  let askedCount = 0;
  const currentHeaders = (): typeof headers => {
    askedCount += 1;
    return headers;
  };
  await uploadFile(new File([bytes], 'headers'), { endpoint, headers: currentHeaders }).result;
  expect(askedCount).toBeGreaterThanOrEqual(2);
});

test('an unidentified caller is rejected with unauthenticated', async () => {
  const { result } = uploadFile(new File([bytes], 'nobody'), { endpoint });
  await expect(result).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('progress is reported while parts are in flight', async () => {
  // A browser reports progress every 50 ms at most: each part takes half a second.
  const effect = { kind: 'bandwidth', bytesPerSecond: 20_000_000 };
  const rule = { operation: 'UploadPart', key: 'wei/progress', times: 2, effect };
  await fetch(`${uploadsUrl}/misbehave`, { method: 'POST', body: JSON.stringify(rule) });
  const file = new File([new Uint8Array(20_000_000)], 'progress');
  const upload = uploadFile(file, { endpoint, headers, partSize: 10_000_000 });
  const sentBytes: number[] = [];
  upload.subscribe(({ type }) => {
    if (type === 'part-progress') sentBytes.push(upload.snapshot().sentBytes);
  });
  await upload.result;
  expect(sentBytes.filter((sent) => sent > 0 && sent % 10_000_000 !== 0)).not.toEqual([]);
  expect(Math.max(...sentBytes)).toBe(20_000_000);
});

test.each([
  ['gets no answer', { kind: 'silent' }, 'stalled'],
  ['arrives with other bytes', { kind: 'corruptIncoming' }, 'checksum_mismatch'],
  ['is refused for now', { kind: 'refuse', status: 503, code: 'ServiceUnavailable' }, 'throttled'],
])('a part that %s is retried', async (_, effect, code) => {
  const name = `${code}.bin`;
  const rule = { operation: 'UploadPart', key: `wei/${name}`, partNumber: 2, times: 1, effect };
  await fetch(`${uploadsUrl}/misbehave`, { method: 'POST', body: JSON.stringify(rule) });
  const file = new File([bytes], name);
  const stall = { idleMs: 1000, responseMs: 500 };
  const retry = { baseMs: 1 };
  const upload = uploadFile(file, { endpoint, headers, partSize: 500_000, hedge: 0, stall, retry });
  const codes: string[] = [];
  upload.subscribe((event) => {
    if (event.type === 'retrying') codes.push(event.error.code);
  });
  expect(await upload.result).toMatchObject(whole);
  expect(codes).toEqual([code]);
});

const controlPlane = createHttpControlPlane(endpoint);

test.each([
  ['neither of endpoint and controlPlane', {}, 'endpoint or controlPlane is required'],
  ['both', { endpoint, controlPlane }, 'endpoint and controlPlane are mutually exclusive'],
  ['an endpoint that is none', { endpoint: 'ftp://a' }, 'endpoint must be an http(s) URL or a path'],
  ['headers for a controlPlane', { controlPlane, headers }, 'headers requires endpoint'],
  ['a controlPlane that is none', { controlPlane: JSON.parse('{}') }, 'controlPlane must be a coordinator'],
])('%s throws at once', (_, options, message) => {
  const start = (): unknown => uploadFile(new File([], 'a'), options);
  expect(start).toThrow(TypeError);
  expect(start).toThrow(message);
});

test('a Blob without a key, or a value that is no file, throws at once', () => {
  expect(() => uploadFile(new Blob([]), { endpoint })).toThrow('key is required: a Blob has no name');
  expect(() => uploadFile(JSON.parse('{}'), { endpoint })).toThrow('file must be a File or Blob');
});

test('CORS rules that expose no header are reported once, and the object is proven [pain-5]', async () => {
  const file = new File([bytes], 'hidden.bin');
  const upload = uploadFile(file, { endpoint: `${uploadsUrl}/hidden`, headers, partSize: 100 * 1024 });
  const reported: unknown[] = [];
  upload.subscribe((event) => {
    if (event.type === 'headers-hidden') reported.push(event.names);
  });
  expect(await upload.result).toMatchObject(whole);
  expect(reported).toEqual([['x-oss-hash-crc64ecma', 'x-oss-request-id']]);
});

test('CORS rules that expose the needed headers are not reported', async () => {
  const upload = uploadFile(new File([bytes], 'shown.bin'), { endpoint, headers, partSize: 100 * 1024 });
  const types = new Set<string>();
  upload.subscribe(({ type }) => types.add(type));
  await upload.result;
  expect(types).toContain('part-confirmed');
  expect(types).not.toContain('headers-hidden');
});
