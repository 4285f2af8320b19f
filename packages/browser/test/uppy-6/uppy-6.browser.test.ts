import { createHttpControlPlane } from '@partway/browser';
import { createUppy6Bridge, type UppyBridgeOptions } from '@partway/browser/uppy';
import type { ControlPlane } from '@partway/core';
import { createInMemoryCheckpoints } from '@partway/core/ports';
// Names of their own, since Vite knows but one package of a name.
import AwsS3 from 'uppy-6-aws-s3';
import { type Body, type Meta, Uppy } from 'uppy-6-core';
import { expect, inject, test } from 'vitest';
import { addFault, bytesOf, differenceOf, isClean, patternOf, stateOf } from '../stages/remote-emulator.ts';

const MiB = 1024 ** 2;
const coordinatorUrl = inject('uppyCoordinatorUrl');
const controlPlane = createHttpControlPlane(`${coordinatorUrl}/uploads`);
const bytes = patternOf(11 * MiB + 7);

interface Staged {
  readonly uppy: Uppy<Meta, Body>;
  readonly fileId: string;
  /** Part numbers, in the order in which Uppy reported their completion. */
  readonly parts: number[];
}

/** An Uppy with one file, of three parts by default. It is not uploaded yet. */
function staged(
  name: string,
  data: Uint8Array<ArrayBuffer> = bytes,
  options: Partial<UppyBridgeOptions> = {},
): Staged {
  const bridge = createUppy6Bridge({ controlPlane, partSize: 5 * MiB, retry: { baseMs: 0 }, ...options });
  const uppy = new Uppy<Meta, Body>().use(AwsS3, bridge);
  const file = new File([data], name, { type: 'text/plain' });
  const fileId = uppy.addFile({ name, type: file.type, data: file });
  const parts: number[] = [];
  uppy.on('s3-multipart:part-uploaded', (_, part) => parts.push(part.PartNumber));
  return { uppy, fileId, parts };
}

test('Uppy 6 uploads a file in parts, and sends nothing but parts to OSS', async () => {
  const key = 'of-uppy/six & <seven>.bin';
  const { uppy, parts } = staged('six & <seven>.bin');
  const started = performance.now();
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(result?.successful?.[0]?.response?.body).toMatchObject({ key });
  expect(result?.successful?.[0]?.uploadURL).toMatch(/^http:\/\/[^?]+\/of-uppy\/six/);
  expect(differenceOf(await bytesOf(key), bytes)).toBe(-1);
  expect(parts).toEqual([1, 2, 3]);
  const { etag, headers } = await stateOf(key);
  expect(etag).toMatch(/-3$/);
  expect(headers?.['content-type']).toBe('text/plain');
  const sent = performance
    .getEntriesByType('resource')
    .filter(({ name, startTime }) => startTime >= started && name.includes('x-oss-signature='));
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.filter(({ name }) => !/[?&]partNumber=[123]&/.test(name))).toEqual([]);
});

test('a small file is one PutObject', async () => {
  const data = bytes.slice(0, 1000);
  const result = await staged('six-small.txt', data).uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(differenceOf(await bytesOf('of-uppy/six-small.txt'), data)).toBe(-1);
  const { etag, headers } = await stateOf('of-uppy/six-small.txt');
  expect(etag).not.toContain('-');
  expect(headers?.['content-type']).toBe('text/plain');
});

test('an empty file is refused with a remedy', async () => {
  const { uppy } = staged('six-empty.txt', bytes.slice(0, 0));
  const errors: unknown[] = [];
  uppy.on('upload-error', (_, error) => errors.push(error));
  await uppy.upload();
  expect(errors).toMatchObject([{ code: 'refused', hint: expect.stringContaining('Uppy 5') }]);
  expect(await isClean('of-uppy/six-empty.txt')).toBe(true);
});

test('a part refused with 503 is retried', async () => {
  const effect = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const;
  await addFault({ operation: 'UploadPart', key: 'of-uppy/six-busy', partNumber: 2, times: 1, effect });
  const result = await staged('six-busy').uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(differenceOf(await bytesOf('of-uppy/six-busy'), bytes)).toBe(-1);
});

test('a part stored with other bytes fails the file, and a retry sends it again', async () => {
  const key = 'of-uppy/six-changed';
  const effect = { kind: 'corruptIncoming' } as const;
  await addFault({ operation: 'UploadPart', key, partNumber: 2, times: 1, effect });
  const { uppy, parts } = staged('six-changed');
  const errors: unknown[] = [];
  uppy.on('upload-error', (_, error) => errors.push(error));
  await uppy.upload();
  expect(errors).toMatchObject([{ code: 'checksum_mismatch', context: { partNumber: 2 } }]);
  const result = await uppy.retryAll();
  expect(result?.failed).toEqual([]);
  expect(parts).toEqual([1, 2, 3, 2]);
  expect(differenceOf(await bytesOf(key), bytes)).toBe(-1);
});

test('a cancelled upload leaves nothing in OSS', async () => {
  let abort: ControlPlane['abort'] = controlPlane.abort;
  const aborted = new Promise<void>((resolve, reject) => {
    abort = (request) => controlPlane.abort(request).then(resolve, reject);
  });
  const plane = { ...controlPlane, abort };
  const { uppy } = staged('six-cancelled', bytes, { controlPlane: plane });
  uppy.on('s3-multipart:part-uploaded', () => uppy.cancelAll());
  await uppy.upload();
  await aborted;
  expect(await isClean('of-uppy/six-cancelled')).toBe(true);
});

test('a paused upload resumes with the stored parts', async () => {
  const { uppy, fileId, parts } = staged('six-paused');
  uppy.on('s3-multipart:part-uploaded', () => {
    if (parts.length !== 2) return;
    uppy.pauseResume(fileId);
    uppy.pauseResume(fileId);
  });
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(parts).toEqual([1, 2, 3]);
  expect(differenceOf(await bytesOf('of-uppy/six-paused'), bytes)).toBe(-1);
});

test('pausing during Complete keeps the same upload', async () => {
  const complete: ControlPlane['complete'] = async (request) => {
    const object = await controlPlane.complete(request);
    uppy.pauseResume(fileId);
    uppy.pauseResume(fileId);
    return object;
  };
  const plane = { ...controlPlane, complete };
  const { uppy, fileId, parts } = staged('six-paused-late', bytes, { controlPlane: plane });
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(parts).toHaveLength(3);
});

test.each([
  ['is gone on with where its token was kept', 'six-kept', createInMemoryCheckpoints(), [3]],
  ['begins anew where its token is lost', 'six-lost', undefined, [1, 2, 3]],
])('an upload that is restored in another page %s', async (_, name, tokenStore, sent) => {
  const key = `of-uppy/${name}`;
  await addFault({ operation: 'UploadPart', key, partNumber: 3, times: 1, effect: { kind: 'silent' } });
  const closed = staged(name, bytes, { tokenStore });
  const two = new Promise<void>((resolve) => {
    closed.uppy.on('s3-multipart:part-uploaded', () => {
      if (closed.parts.length === 2) resolve();
    });
  });
  void closed.uppy.upload();
  await two;
  const { uppy, fileId, parts } = staged(name, bytes, { tokenStore });
  // As Golden Retriever does.
  const { s3Multipart } = closed.uppy.getFile(closed.fileId);
  uppy.setFileState(fileId, s3Multipart === undefined ? {} : { s3Multipart });
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(parts).toEqual(sent);
  expect(differenceOf(await bytesOf(key), bytes)).toBe(-1);
  expect(await tokenStore?.list()).toEqual(tokenStore && []);
});
