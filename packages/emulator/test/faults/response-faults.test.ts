import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type InitiatedUpload, initiateUpload, KEY, PART } from '../stages/initiated-upload.ts';
import { presignTarget } from '../stages/signing.ts';

let upload: InitiatedUpload;

beforeEach(async () => {
  upload = await initiateUpload();
});

afterEach(() => upload.emulator.close());

describe('faults of responses and connections, over a real socket', () => {
  test('refuse sends an error of OSS with the given headers', async () => {
    upload.addFault({
      kind: 'refuse',
      status: 503,
      code: 'ServiceUnavailable',
      ec: '0000-00000001',
      headers: { 'Retry-After': '2', 'x-oss-qos-delay-time': '100' },
    });
    const response = await upload.putPart();
    expect(response.status).toBe(503);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'retry-after': '2',
      'x-oss-qos-delay-time': '100',
      'x-oss-ec': '0000-00000001',
      'x-oss-request-id': expect.stringMatching(/^[0-9A-F]{24}$/),
    });
    expect(await response.text()).toMatch(/<Error>\s*<Code>ServiceUnavailable<\/Code>/);
    expect(await upload.listParts()).toEqual([]);
  });

  test('refuse of HEAD has the error in a header', async () => {
    upload.emulator.faults.add({
      operation: 'HeadObject',
      effect: { kind: 'refuse', status: 500, code: 'InternalError' },
    });
    const response = await upload.send({ method: 'HEAD' });
    const xml = Buffer.from(response.headers.get('x-oss-err') ?? '', 'base64').toString();
    expect([response.status, xml]).toEqual([500, expect.stringContaining('<Code>InternalError</Code>')]);
  });

  test('refuse sends CORS headers if the bucket has a matching rule', async () => {
    await upload.allowCors('ETag');
    upload.addFault({ kind: 'refuse', status: 503, code: 'ServiceUnavailable' });
    const response = await upload.putPart(1, { origin: 'https://app.example' });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('dropResponse handles the request', async () => {
    upload.addFault({ kind: 'dropResponse' });
    await expect(upload.putPart()).rejects.toThrow('fetch failed');
    expect(await upload.listParts()).toHaveLength(1);
  });

  test('errorIn200 replaces the handling of the request, or follows it with afterHandling', async () => {
    const handle = upload.emulator.faults.add({
      operation: 'CompleteMultipartUpload',
      effect: { kind: 'errorIn200', code: 'InternalError' },
    });
    await upload.putPart();
    for (const [afterHandling, size] of [
      [false, undefined],
      [true, PART.length],
    ] as const) {
      handle.remove();
      upload.emulator.faults.add({
        operation: 'CompleteMultipartUpload',
        effect: { kind: 'errorIn200', code: 'InternalError', afterHandling },
      });
      const response = await upload.complete();
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringContaining('InternalError'),
      ]);
      expect(upload.emulator.model.object('demo', KEY)?.size).toBe(size);
      upload.emulator.faults.clear();
    }
  });

  test('resetAfterBytes stores no part', async () => {
    upload.addFault({ kind: 'resetAfterBytes', bytes: 100_000 });
    await expect(upload.putPart()).rejects.toThrow('fetch failed');
    expect(await upload.listParts()).toEqual([]);
  });

  test('resetAfterBytes beyond the end of the body has no effect', async () => {
    upload.addFault({ kind: 'resetAfterBytes', bytes: PART.length + 1 });
    expect((await upload.putPart()).status).toBe(200);
  });

  test('silent lasts until the emulator closes, without handling the request', async () => {
    const handle = upload.addFault({ kind: 'silent' });
    const result = upload.putPart().then(
      () => 'a response',
      () => 'no response',
    );
    await handle.whenFired();
    expect(upload.emulator.model.uploads('demo')).toMatchObject([{ uploadId: upload.uploadId }]);
    await upload.emulator.close();
    expect(await result).toBe('no response');
  });

  test('slowDrip sends the whole body slowly', async () => {
    await upload.send({ method: 'PUT', body: new Uint8Array(PART.subarray(0, 30)) });
    upload.emulator.faults.add({ operation: 'GetObject', effect: { kind: 'slowDrip', bytesPerSecond: 100 } });
    const startedAt = performance.now();
    const response = await upload.send({ method: 'GET' });
    expect(Buffer.from(await response.arrayBuffer()).equals(PART.subarray(0, 30))).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(300);
  });

  test.each([0, 10])('truncateResponse ends the body after %i bytes', async (bytes) => {
    await upload.putPart();
    upload.emulator.faults.add({
      operation: 'CompleteMultipartUpload',
      effect: { kind: 'truncateResponse', bytes },
    });
    const response = await upload.complete();
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(upload.emulator.model.object('demo', KEY)?.size).toBe(PART.length);
  });

  test('truncateResponse also breaks a response without a body', async () => {
    upload.addFault({ kind: 'truncateResponse' });
    const response = await upload.putPart();
    expect(response.headers.get('content-length')).toBe('1');
    await expect(response.text()).rejects.toThrow('terminated');
  });
});

test('a client that waits for 100 Continue gets the error before it sends a byte', async () => {
  upload.addFault({ kind: 'refuse', status: 503, code: 'ServiceUnavailable' });
  const target = presignTarget({
    method: 'PUT',
    key: KEY,
    query: { partNumber: '1', uploadId: upload.uploadId },
  });
  const headers = { expect: '100-continue', 'content-length': PART.length };
  const request = httpRequest(`${upload.emulator.endpoint}${target}`, { method: 'PUT', headers });
  let isContinued = false;
  request.on('continue', () => {
    isContinued = true;
  });
  request.flushHeaders();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect([response.statusCode, isContinued]).toEqual([503, false]);
  request.destroy();
});
