import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BegunUpload, beginUpload, PART } from '../stages/initiated-upload.ts';

let upload: BegunUpload;

beforeEach(async () => {
  upload = await beginUpload();
});

afterEach(() => upload.emulator.close());

describe('bytes and time, over a real socket', () => {
  test('a wrong CRC is only in the answer', async () => {
    const right = await upload.rightCrc();
    upload.fault({ kind: 'wrongCrc' });
    const response = await upload.putPart();
    expect(response.headers.get('x-oss-hash-crc64ecma')).toBe(String(BigInt(right) ^ 1n));
    expect(await upload.held()).toContain(`1:${right}`);
  });

  test('a bit that flips on the way in is hashed and stored as it arrives', async () => {
    const right = await upload.rightCrc();
    upload.fault({ kind: 'corruptIncoming', offset: 200_000 });
    const response = await upload.putPart();
    const wrong = response.headers.get('x-oss-hash-crc64ecma');
    expect(wrong).not.toBe(right);
    expect(await upload.held()).toContain(`1:${wrong}`);
  });

  test('a bit that flips on the way in does not pass Content-MD5', async () => {
    const headers = { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' };
    const body = new Uint8Array(Buffer.from('hello'));
    expect((await upload.putPart(1, { headers, body })).status).toBe(200);
    upload.fault({ kind: 'corruptIncoming' });
    const response = await upload.putPart(1, { headers, body });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('InvalidDigest')]);
  });

  test('a part that rots is listed with its new CRC64, or silently with the old one', async () => {
    const right = await upload.rightCrc();
    upload.fault({ kind: 'corruptStoredPart' });
    expect((await upload.putPart(1)).headers.get('x-oss-hash-crc64ecma')).toBe(right);
    upload.emulator.faults.clear();
    upload.fault({ kind: 'corruptStoredPart', silent: true });
    expect((await upload.putPart(2)).headers.get('x-oss-hash-crc64ecma')).toBe(right);
    const [first, second] = await upload.held();
    expect(first).not.toBe(`1:${right}`);
    expect(second).toBe(`2:${right}`);
  });

  test('a lost part was answered with 200', async () => {
    upload.fault({ kind: 'losePart' });
    expect((await upload.putPart()).status).toBe(200);
    expect(await upload.held()).toEqual([]);
  });

  test.each([
    [undefined, null],
    [['etag'], 'x-oss-request-id'],
  ])('headers hidden from pages: %j leave %s exposed', async (names, left) => {
    await upload.allowPages('ETag', 'x-oss-request-id');
    upload.fault({ kind: 'hideCorsHeaders', ...(names === undefined ? {} : { names }) });
    const response = await upload.putPart(1, { origin: 'https://app.example' });
    expect(response.headers.get('access-control-expose-headers')).toBe(left);
  });

  test('latency delays the answer', async () => {
    upload.fault({ kind: 'latency', ms: 150 });
    const begun = performance.now();
    expect((await upload.putPart()).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(140);
  });

  test('a narrow line takes the body in slowly', async () => {
    upload.fault({ kind: 'bandwidth', bytesPerSecond: PART.length * 4 });
    const begun = performance.now();
    expect((await upload.putPart()).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(240);
    expect(await upload.held()).toHaveLength(1);
  });

  test('a jump of the clock expires a URL', async () => {
    upload.fault({ kind: 'clockJump', ms: 3_601_000 });
    const response = await upload.putPart();
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining('Request has expired.'),
    ]);
  });

  test('effects of several rules add up', async () => {
    const right = await upload.rightCrc();
    upload.fault({ kind: 'latency', ms: 1 });
    upload.fault({ kind: 'wrongCrc' });
    upload.fault({ kind: 'losePart' });
    expect((await upload.putPart()).headers.get('x-oss-hash-crc64ecma')).not.toBe(right);
    expect(await upload.held()).toEqual([`9:${right}`]);
  });
});
