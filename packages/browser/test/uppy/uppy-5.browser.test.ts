import { createHttpControlPlane } from '@partway/browser';
import { createUppy5Bridge, type Uppy5BridgeOptions } from '@partway/browser/uppy';
import { type ControlPlane, crc64, UploadError } from '@partway/core';
import { createInMemoryCheckpoints } from '@partway/core/ports';
import AwsS3 from '@uppy/aws-s3';
import { type Body, type Meta, Uppy } from '@uppy/core';
import { expect, inject, test } from 'vitest';
import { addFault, bytesOf, differenceOf, isClean, patternOf, stateOf } from '../stages/remote-emulator.ts';
import { useCoordinator } from './use-coordinator.ts';

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
  options: Partial<Uppy5BridgeOptions> = {},
): Staged {
  const bridge = createUppy5Bridge({ controlPlane, partSize: 5 * MiB, retry: { baseMs: 0 }, ...options });
  const uppy = new Uppy<Meta, Body>().use(AwsS3, { ...bridge, retryDelays: [0, 0, 0] });
  const file = new File([data], name, { type: 'text/plain' });
  const fileId = uppy.addFile({ name, type: file.type, data: file });
  const parts: number[] = [];
  uppy.on('s3-multipart:part-uploaded', (_, part) => parts.push(part.PartNumber));
  return { uppy, fileId, parts };
}

/** The same control plane, and what its abort came to. */
function watchedAbort(): { plane: ControlPlane; aborted: Promise<void> } {
  let abort: ControlPlane['abort'] = controlPlane.abort;
  const aborted = new Promise<void>((resolve, reject) => {
    abort = (request) => controlPlane.abort(request).then(resolve, reject);
  });
  return { plane: { ...controlPlane, abort: (request) => abort(request) }, aborted };
}

function inOrder(partNumbers: readonly number[]): readonly number[] {
  return partNumbers.toSorted((a, b) => a - b);
}

test('Uppy 5 uploads a file in parts, and succeeds when the object is proven', async () => {
  const { uppy, parts } = staged('parts.bin');
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(result?.successful?.[0]?.response).toMatchObject({
    uploadURL: expect.stringMatching(/^http:\/\/[^?]+\/of-uppy\/parts\.bin$/),
    body: { bucket: 'media', key: 'of-uppy/parts.bin', size: bytes.length, crc64: crc64(bytes) },
  });
  expect(differenceOf(await bytesOf('of-uppy/parts.bin'), bytes)).toBe(-1);
  expect(inOrder(parts)).toEqual([1, 2, 3]);
  const { etag, headers } = await stateOf('of-uppy/parts.bin');
  expect(etag).toMatch(/-3$/);
  expect(headers?.['content-type']).toBe('text/plain');
});

test.each([
  ['one PutObject', '/uploads', 'small.txt', 1000, /^[^-]+$/],
  ['one PutObject, without a byte', '/uploads', 'empty.txt', 0, /^[^-]+$/],
  ['one part, whose type Uppy would send unsigned', '/parts', 'typed.txt', 1000, /-1$/],
  ['one part that is as large as one can be', '/uploads', 'full.txt', 5 * MiB, /-1$/],
])('a small file is %s', async (_, path, name, size, etags) => {
  const data = bytes.slice(0, size);
  const plane = createHttpControlPlane(`${coordinatorUrl}${path}`);
  const result = await staged(name, data, { controlPlane: plane }).uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(result?.successful?.[0]?.response?.body).toMatchObject({ size, crc64: crc64(data) });
  expect(differenceOf(await bytesOf(`of-uppy/${name}`), data)).toBe(-1);
  const { etag, headers } = await stateOf(`of-uppy/${name}`);
  expect(etag).toMatch(etags);
  expect(headers?.['content-type']).toBe('text/plain');
});

test.each([
  ['refused with 503', { kind: 'refuse', status: 503, code: 'ServiceUnavailable' } as const],
  ['cut off', { kind: 'resetAfterBytes', bytes: 1000 } as const],
  ['changed on its way', { kind: 'corruptIncoming' } as const],
  [
    'refused for its expired URL',
    { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0002-00000069' } as const,
  ],
])('a part that is %s is retried', async (what, effect) => {
  const key = `of-uppy/${what}`;
  await addFault({ operation: 'UploadPart', key, partNumber: 2, times: 2, effect });
  const { uppy, parts } = staged(what);
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(differenceOf(await bytesOf(key), bytes)).toBe(-1);
  expect(inOrder(parts)).toEqual([1, 2, 3]);
});

test('parts with ETag and CRC64 hidden by CORS are proven', async () => {
  const key = 'of-uppy/hidden';
  await addFault({ operation: 'UploadPart', key, effect: { kind: 'hideCorsHeaders' } });
  const result = await staged('hidden').uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(differenceOf(await bytesOf(key), bytes)).toBe(-1);
});

test('the coordinator receives the URL refused by OSS as afterRefusal', async () => {
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied', ec: '0002-00000069' } as const;
  await addFault({ operation: 'UploadPart', key: 'of-uppy/expired', partNumber: 3, times: 1, effect });
  const refused: (readonly number[])[] = [];
  const presignParts: ControlPlane['presignParts'] = (request) => {
    if (request.afterRefusal) refused.push(request.partNumbers);
    return controlPlane.presignParts(request);
  };
  const plane = { ...controlPlane, presignParts };
  await staged('expired', bytes, { controlPlane: plane }).uppy.upload();
  expect(refused).toEqual([[3]]);
});

test('a part refused permanently fails the file with the reason, and leaves nothing in OSS', async () => {
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
  await addFault({ operation: 'UploadPart', key: 'of-uppy/denied', partNumber: 2, effect });
  const { plane, aborted } = watchedAbort();
  const { uppy } = staged('denied', bytes, { controlPlane: plane });
  const errors: unknown[] = [];
  uppy.on('upload-error', (_, error) => errors.push(error));
  const result = await uppy.upload();
  expect(result?.failed).toHaveLength(1);
  expect(errors).toMatchObject([{ code: 'access_denied', context: { partNumber: 2 } }]);
  await aborted;
  expect(await isClean('of-uppy/denied')).toBe(true);
});

test('a cancelled upload leaves nothing in OSS', async () => {
  await addFault({
    operation: 'UploadPart',
    key: 'of-uppy/cancelled',
    partNumber: 3,
    effect: { kind: 'silent' },
  });
  const { plane, aborted } = watchedAbort();
  const { uppy } = staged('cancelled', bytes, { controlPlane: plane });
  uppy.on('s3-multipart:part-uploaded', () => uppy.cancelAll());
  await uppy.upload();
  await aborted;
  expect(await isClean('of-uppy/cancelled')).toBe(true);
});

test('an upload cancelled during Initiate leaves nothing in OSS', async () => {
  const { plane, aborted } = watchedAbort();
  const initiate: ControlPlane['initiate'] = async (request) => {
    const upload = await controlPlane.initiate(request);
    uppy.cancelAll();
    return upload;
  };
  const { uppy } = staged('too late', bytes, { controlPlane: { ...plane, initiate } });
  await uppy.upload();
  await aborted;
  expect(await isClean('of-uppy/too late')).toBe(true);
});

test('a paused upload resumes with the stored parts', async () => {
  const key = 'of-uppy/paused';
  await addFault({ operation: 'UploadPart', key, partNumber: 3, times: 1, effect: { kind: 'silent' } });
  const { uppy, fileId, parts } = staged('paused');
  uppy.on('s3-multipart:part-uploaded', () => {
    if (parts.length !== 2) return;
    uppy.pauseResume(fileId);
    uppy.pauseResume(fileId);
  });
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(inOrder(parts)).toEqual([1, 2, 3]);
  expect(differenceOf(await bytesOf(key), bytes)).toBe(-1);
});

test('pausing during Complete keeps the same upload', async () => {
  const complete: ControlPlane['complete'] = async (request) => {
    const object = await controlPlane.complete(request);
    uppy.pauseResume(fileId);
    uppy.pauseResume(fileId);
    return object;
  };
  const plane = { ...controlPlane, complete };
  const { uppy, fileId, parts } = staged('paused late', bytes, { controlPlane: plane });
  const result = await uppy.upload();
  expect(result?.successful?.[0]?.response?.body).toMatchObject({ crc64: crc64(bytes) });
  expect(parts).toHaveLength(3);
});

/** The state left by a page that is closed after two of three parts. */
async function closedPage(
  name: string,
  options: Partial<Uppy5BridgeOptions>,
): Promise<{ uploadId: string; key: string }> {
  const key = `of-uppy/${name}`;
  await addFault({ operation: 'UploadPart', key, partNumber: 3, times: 1, effect: { kind: 'silent' } });
  const { uppy, fileId, parts } = staged(name, bytes, options);
  const sent = new Promise<void>((resolve) => {
    uppy.on('s3-multipart:part-uploaded', () => {
      if (parts.length === 2) resolve();
    });
  });
  void uppy.upload();
  await sent;
  return Reflect.get(uppy.getFile(fileId), 's3Multipart');
}

test.each([
  ['is gone on with where its token was kept', 'kept', createInMemoryCheckpoints(), [3]],
  ['begins anew where its token is lost', 'lost', undefined, [1, 2, 3]],
])('an upload that is restored in another page %s', async (_, name, tokenStore, sent) => {
  const s3Multipart = await closedPage(name, { tokenStore });
  const { uppy, fileId, parts } = staged(name, bytes, { tokenStore });
  // As Golden Retriever does.
  uppy.setFileState(fileId, Object.fromEntries([['s3Multipart', s3Multipart]]));
  const result = await uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(inOrder(parts)).toEqual(sent);
  expect(differenceOf(await bytesOf(`of-uppy/${name}`), bytes)).toBe(-1);
  expect(await tokenStore?.list()).toEqual(tokenStore && []);
});

test('parts of another file are not reused for a restored upload', async () => {
  const tokenStore = createInMemoryCheckpoints();
  const s3Multipart = await closedPage('other', { tokenStore });
  const edited = bytes.with(7 * MiB, 0).with(7 * MiB + 1, 255);
  const { uppy, fileId, parts } = staged('other', edited, { tokenStore });
  uppy.setFileState(fileId, Object.fromEntries([['s3Multipart', s3Multipart]]));
  await uppy.upload();
  expect(inOrder(parts)).toEqual([2, 3]);
  expect(differenceOf(await bytesOf('of-uppy/other'), edited)).toBe(-1);
});

test('verbs without a response are retried', async () => {
  const lost = new Set(['initiate', 'complete']);
  async function onceLost<T>(verb: string, answer: Promise<T>): Promise<T> {
    const value = await answer;
    if (!lost.delete(verb)) return value;
    throw new UploadError({ code: 'network', message: 'no answer', disposition: 'transient' });
  }
  const plane: ControlPlane = {
    ...controlPlane,
    initiate: (request) => onceLost('initiate', controlPlane.initiate(request)),
    complete: (request) => onceLost('complete', controlPlane.complete(request)),
  };
  const result = await staged('unanswered', bytes, { controlPlane: plane }).uppy.upload();
  expect(result?.failed).toEqual([]);
  expect(lost.size).toBe(0);
  expect((await stateOf()).uploads.filter(({ key }) => key === 'of-uppy/unanswered')).toEqual([]);
});

test('another part size of the coordinator fails with a remedy', async () => {
  const plane = createHttpControlPlane(`${coordinatorUrl}/coarse`);
  const large = patternOf(17 * MiB);
  const errors: unknown[] = [];
  const refused = staged('coarse', large, { controlPlane: plane }).uppy;
  refused.on('upload-error', (_, error) => errors.push(error));
  await refused.upload();
  expect(errors).toMatchObject([{ code: 'refused', hint: expect.stringContaining('partSize: 16777216') }]);
  expect(await isClean('of-uppy/coarse')).toBe(true);
  const obeyed = staged('coarse', large, { controlPlane: plane, partSize: 16 * MiB }).uppy;
  expect((await obeyed.upload())?.failed).toEqual([]);
});

test('invalid options throw at once', async () => {
  expect(() => createUppy5Bridge(JSON.parse('{}'))).toThrow(TypeError);
  expect(() => createUppy5Bridge({ controlPlane, partSize: 5 * MiB - 1 })).toThrow(/partSize/);
  expect(() => createUppy5Bridge({ controlPlane, retry: { attemptsMax: 0 } })).toThrow(/attemptsMax/);
  await expect(createUppy5Bridge({ controlPlane }).getUploadParameters()).rejects.toThrow(
    /shouldUseMultipart/,
  );
});

test('the plugin of docs/guides/uppy.md uploads through a coordinator', async () => {
  const uppy = new Uppy<Meta, Body>();
  useCoordinator(uppy, `${coordinatorUrl}/uploads`);
  uppy.addFile({ name: 'guide.txt', type: 'text/plain', data: new File(['123456789'], 'guide.txt') });
  const result = await uppy.upload();
  expect(result?.successful?.[0]?.response?.body).toMatchObject({ key: 'of-uppy/guide.txt', size: 9 });
});
