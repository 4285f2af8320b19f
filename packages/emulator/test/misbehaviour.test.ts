import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultEffect, type FaultHandle, type OssEmulator, startOssEmulator } from '../src/index.ts';
import { CREDENTIALS, presigned, type ToSign } from './signing.ts';

const KEY = 'movies/1.bin';
const PART = randomBytes(300 * 1024);

let emulator: OssEmulator;
let uploadId: string;

beforeEach(async () => {
  emulator = await startOssEmulator({ buckets: ['demo'], credentials: CREDENTIALS });
  const response = await send({ method: 'POST', query: { uploads: '' } });
  uploadId = /<UploadId>(\w+)</.exec(await response.text())?.[1] ?? '';
});

afterEach(() => emulator.close());

interface ToSend extends ToSign {
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly origin?: string;
}

function send({ body, origin, ...toSign }: ToSend): Promise<Response> {
  const { method = 'GET', headers = {} } = toSign;
  const url = `${emulator.endpoint}${presigned({ key: KEY, ...toSign })}`;
  const all = { ...headers, ...(origin === undefined ? {} : { origin }) };
  return fetch(url, { method, headers: all, ...(body === undefined ? {} : { body }) });
}

function putPart(partNumber = 1, more: Partial<ToSend> = {}): Promise<Response> {
  const query = { partNumber: String(partNumber), uploadId };
  return send({ method: 'PUT', query, body: new Uint8Array(PART), ...more });
}

function fault(effect: FaultEffect): FaultHandle {
  return emulator.faults.add({ operation: 'UploadPart', effect });
}

/** What the model holds, as ListParts tells it: `1:<crc64>`. */
async function held(): Promise<readonly string[]> {
  emulator.faults.clear();
  const text = await (await send({ query: { uploadId } })).text();
  return [...text.matchAll(/<PartNumber>(\d+)<.*?<HashCrc64ecma>(\d+)</gs)].map(
    ([, partNumber, crc]) => `${partNumber}:${crc}`,
  );
}

async function rightCrc(): Promise<string> {
  return (await putPart(9)).headers.get('x-oss-hash-crc64ecma') ?? '';
}

function complete(): Promise<Response> {
  return send({ method: 'POST', query: { uploadId }, headers: { 'x-oss-complete-all': 'yes' } });
}

describe('over a real socket', () => {
  test('a refusal is an answer of OSS, with the headers it is told', async () => {
    fault({
      kind: 'refuse',
      status: 503,
      code: 'ServiceUnavailable',
      ec: '0000-00000001',
      headers: { 'Retry-After': '2', 'x-oss-qos-delay-time': '100' },
    });
    const response = await putPart();
    expect(response.status).toBe(503);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'retry-after': '2',
      'x-oss-qos-delay-time': '100',
      'x-oss-ec': '0000-00000001',
      'x-oss-request-id': expect.stringMatching(/^[0-9A-F]{24}$/),
    });
    expect(await response.text()).toMatch(/<Error>\s*<Code>ServiceUnavailable<\/Code>/);
    expect(await held()).toEqual([]);
  });

  test('a refusal of HEAD has its error in a header', async () => {
    emulator.faults.add({
      operation: 'HeadObject',
      effect: { kind: 'refuse', status: 500, code: 'InternalError' },
    });
    const response = await send({ method: 'HEAD' });
    const xml = Buffer.from(response.headers.get('x-oss-err') ?? '', 'base64').toString();
    expect([response.status, xml]).toEqual([500, expect.stringContaining('<Code>InternalError</Code>')]);
  });

  test('a page may read a refusal, if the bucket lets it read anything', async () => {
    const rule =
      '<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><ExposeHeader>ETag</ExposeHeader>';
    const xml = Buffer.from(`<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`);
    await send({ method: 'PUT', key: '', query: { cors: '' }, body: new Uint8Array(xml) });
    fault({ kind: 'refuse', status: 503, code: 'ServiceUnavailable' });
    const response = await putPart(1, { origin: 'https://app.example' });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('a dropped response leaves the work done', async () => {
    fault({ kind: 'dropResponse' });
    await expect(putPart()).rejects.toThrow('fetch failed');
    expect(await held()).toHaveLength(1);
  });

  test('an error in a 200 comes instead of the work, or after it', async () => {
    const handle = emulator.faults.add({
      operation: 'CompleteMultipartUpload',
      effect: { kind: 'errorIn200', code: 'InternalError' },
    });
    await putPart();
    for (const [afterWork, size] of [
      [false, undefined],
      [true, PART.length],
    ] as const) {
      handle.remove();
      emulator.faults.add({
        operation: 'CompleteMultipartUpload',
        effect: { kind: 'errorIn200', code: 'InternalError', afterWork },
      });
      const response = await complete();
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringContaining('InternalError'),
      ]);
      expect(emulator.model.object('demo', KEY)?.size).toBe(size);
      emulator.faults.clear();
    }
  });

  test('a reset after some bytes leaves no part', async () => {
    fault({ kind: 'resetAfterBytes', bytes: 100_000 });
    await expect(putPart()).rejects.toThrow('fetch failed');
    expect(await held()).toEqual([]);
  });

  test('a reset that is never reached is none', async () => {
    fault({ kind: 'resetAfterBytes', bytes: PART.length + 1 });
    expect((await putPart()).status).toBe(200);
  });

  test('silence lasts until the emulator closes, the work undone', async () => {
    const handle = fault({ kind: 'silent' });
    const answer = putPart().then(
      () => 'an answer',
      () => 'no answer',
    );
    await handle.whenFired();
    expect(emulator.model.uploads('demo')).toMatchObject([{ uploadId }]);
    await emulator.close();
    expect(await answer).toBe('no answer');
  });

  test('a slow drip is slow and whole', async () => {
    await send({ method: 'PUT', body: new Uint8Array(PART.subarray(0, 30)) });
    emulator.faults.add({ operation: 'GetObject', effect: { kind: 'slowDrip', bytesPerSecond: 100 } });
    const begun = performance.now();
    const response = await send({ method: 'GET' });
    expect(Buffer.from(await response.arrayBuffer()).equals(PART.subarray(0, 30))).toBe(true);
    expect(performance.now() - begun).toBeGreaterThan(300);
  });

  test.each([0, 10])('a truncated response breaks off after %i bytes', async (bytes) => {
    await putPart();
    emulator.faults.add({
      operation: 'CompleteMultipartUpload',
      effect: { kind: 'truncateResponse', bytes },
    });
    const response = await complete();
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(emulator.model.object('demo', KEY)?.size).toBe(PART.length);
  });

  test('a truncated response breaks off even when it had no body', async () => {
    fault({ kind: 'truncateResponse' });
    const response = await putPart();
    expect(response.headers.get('content-length')).toBe('1');
    await expect(response.text()).rejects.toThrow('terminated');
  });

  test('a wrong CRC is only in the answer', async () => {
    const right = await rightCrc();
    fault({ kind: 'wrongCrc' });
    const response = await putPart();
    expect(response.headers.get('x-oss-hash-crc64ecma')).toBe(String(BigInt(right) ^ 1n));
    expect(await held()).toContain(`1:${right}`);
  });

  test('a bit that flips on the way in is hashed and stored as it arrives', async () => {
    const right = await rightCrc();
    fault({ kind: 'corruptIncoming', offset: 200_000 });
    const response = await putPart();
    const wrong = response.headers.get('x-oss-hash-crc64ecma');
    expect(wrong).not.toBe(right);
    expect(await held()).toContain(`1:${wrong}`);
  });

  test('a bit that flips on the way in does not pass Content-MD5', async () => {
    const headers = { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' };
    const body = new Uint8Array(Buffer.from('hello'));
    expect((await putPart(1, { headers, body })).status).toBe(200);
    fault({ kind: 'corruptIncoming' });
    const response = await putPart(1, { headers, body });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('InvalidDigest')]);
  });

  test('a part that rots is listed with its new CRC64, or silently with the old one', async () => {
    const right = await rightCrc();
    fault({ kind: 'corruptStoredPart' });
    expect((await putPart(1)).headers.get('x-oss-hash-crc64ecma')).toBe(right);
    emulator.faults.clear();
    fault({ kind: 'corruptStoredPart', silent: true });
    expect((await putPart(2)).headers.get('x-oss-hash-crc64ecma')).toBe(right);
    const [first, second] = await held();
    expect(first).not.toBe(`1:${right}`);
    expect(second).toBe(`2:${right}`);
  });

  test('a lost part was answered with 200', async () => {
    fault({ kind: 'losePart' });
    expect((await putPart()).status).toBe(200);
    expect(await held()).toEqual([]);
  });

  test.each([
    [undefined, null],
    [['etag'], 'x-oss-request-id'],
  ])('headers hidden from pages: %j leave %s exposed', async (names, left) => {
    const rule =
      '<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>' +
      '<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>';
    const xml = Buffer.from(`<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`);
    await send({ method: 'PUT', key: '', query: { cors: '' }, body: new Uint8Array(xml) });
    fault({ kind: 'hideCorsHeaders', ...(names === undefined ? {} : { names }) });
    const response = await putPart(1, { origin: 'https://app.example' });
    expect(response.headers.get('access-control-expose-headers')).toBe(left);
  });

  test('latency delays the answer', async () => {
    fault({ kind: 'latency', ms: 150 });
    const begun = performance.now();
    expect((await putPart()).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(140);
  });

  test('a narrow line takes the body in slowly', async () => {
    fault({ kind: 'bandwidth', bytesPerSecond: PART.length * 4 });
    const begun = performance.now();
    expect((await putPart()).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(240);
    expect(await held()).toHaveLength(1);
  });

  test('a jump of the clock expires a URL', async () => {
    fault({ kind: 'clockJump', ms: 3_601_000 });
    const response = await putPart();
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining('Request has expired.'),
    ]);
  });

  test('effects of several rules add up', async () => {
    const right = await rightCrc();
    fault({ kind: 'latency', ms: 1 });
    fault({ kind: 'wrongCrc' });
    fault({ kind: 'losePart' });
    expect((await putPart()).headers.get('x-oss-hash-crc64ecma')).not.toBe(right);
    expect(await held()).toEqual([`9:${right}`]);
  });
});

test('a client that waits for 100 Continue is refused before it sends a byte', async () => {
  fault({ kind: 'refuse', status: 503, code: 'ServiceUnavailable' });
  const target = presigned({ method: 'PUT', key: KEY, query: { partNumber: '1', uploadId } });
  const headers = { expect: '100-continue', 'content-length': PART.length };
  const request = httpRequest(`${emulator.endpoint}${target}`, { method: 'PUT', headers });
  let isContinued = false;
  request.on('continue', () => {
    isContinued = true;
  });
  request.flushHeaders();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect([response.statusCode, isContinued]).toEqual([503, false]);
  request.destroy();
});
