import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type InitiatedUpload, initiateUpload, PART } from '../stages/initiated-upload.ts';

let upload: InitiatedUpload;

beforeEach(async () => {
  upload = await initiateUpload();
});

afterEach(() => upload.emulator.close());

describe('faults of bytes and time, over a real socket', () => {
  test('wrongCrc changes only the response', async () => {
    const correct = await upload.readPartCrc();
    upload.addFault({ kind: 'wrongCrc' });
    const response = await upload.putPart();
    expect(response.headers.get('x-oss-hash-crc64ecma')).toBe(String(BigInt(correct) ^ 1n));
    expect(await upload.listParts()).toContain(`1:${correct}`);
  });

  test('corruptIncoming stores and hashes the changed bytes', async () => {
    const correct = await upload.readPartCrc();
    upload.addFault({ kind: 'corruptIncoming', offset: 200_000 });
    const response = await upload.putPart();
    const changed = response.headers.get('x-oss-hash-crc64ecma');
    expect(changed).not.toBe(correct);
    expect(await upload.listParts()).toContain(`1:${changed}`);
  });

  test('corruptIncoming fails the check of Content-MD5', async () => {
    const headers = { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' };
    const body = new Uint8Array(Buffer.from('hello'));
    expect((await upload.putPart(1, { headers, body })).status).toBe(200);
    upload.addFault({ kind: 'corruptIncoming' });
    const response = await upload.putPart(1, { headers, body });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('InvalidDigest')]);
  });

  test('corruptStoredPart lists the new CRC64, or with silent the old one', async () => {
    const correct = await upload.readPartCrc();
    upload.addFault({ kind: 'corruptStoredPart' });
    expect((await upload.putPart(1)).headers.get('x-oss-hash-crc64ecma')).toBe(correct);
    upload.emulator.faults.clear();
    upload.addFault({ kind: 'corruptStoredPart', silent: true });
    expect((await upload.putPart(2)).headers.get('x-oss-hash-crc64ecma')).toBe(correct);
    const [first, second] = await upload.listParts();
    expect(first).not.toBe(`1:${correct}`);
    expect(second).toBe(`2:${correct}`);
  });

  test('losePart responds with 200 and stores nothing', async () => {
    upload.addFault({ kind: 'losePart' });
    expect((await upload.putPart()).status).toBe(200);
    expect(await upload.listParts()).toEqual([]);
  });

  test.each([
    [undefined, null],
    [['etag'], 'x-oss-request-id'],
  ])('hideCorsHeaders with %j leaves %s exposed', async (names, exposed) => {
    await upload.allowCors('ETag', 'x-oss-request-id');
    upload.addFault({ kind: 'hideCorsHeaders', ...(names === undefined ? {} : { names }) });
    const response = await upload.putPart(1, { origin: 'https://app.example' });
    expect(response.headers.get('access-control-expose-headers')).toBe(exposed);
  });

  test('latency delays the response', async () => {
    upload.addFault({ kind: 'latency', ms: 150 });
    const startedAt = performance.now();
    expect((await upload.putPart()).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(140);
  });

  test('bandwidth slows the body down', async () => {
    upload.addFault({ kind: 'bandwidth', bytesPerSecond: PART.length * 4 });
    const startedAt = performance.now();
    expect((await upload.putPart()).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(240);
    expect(await upload.listParts()).toHaveLength(1);
  });

  test('clockJump makes a URL expire', async () => {
    upload.addFault({ kind: 'clockJump', ms: 3_601_000 });
    const response = await upload.putPart();
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining('Request has expired.'),
    ]);
  });

  test('effects of several rules add up', async () => {
    const correct = await upload.readPartCrc();
    upload.addFault({ kind: 'latency', ms: 1 });
    upload.addFault({ kind: 'wrongCrc' });
    upload.addFault({ kind: 'losePart' });
    expect((await upload.putPart()).headers.get('x-oss-hash-crc64ecma')).not.toBe(correct);
    expect(await upload.listParts()).toEqual([`9:${correct}`]);
  });
});
