import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { type OssEmulator, type OssEmulatorOptions, startOssEmulator } from '../../src/index.ts';
import { CREDENTIALS, presignTarget, signInHeaders } from '../stages/signing.ts';

let emulator: OssEmulator | undefined;

afterEach(async () => {
  await emulator?.close();
  emulator = undefined;
});

async function started(options: OssEmulatorOptions = {}): Promise<OssEmulator> {
  emulator = await startOssEmulator({ buckets: ['demo'], credentials: CREDENTIALS, ...options });
  return emulator;
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** Unlike fetch, sends any Host and any path as they are. */
async function ask(
  port: number,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<Answer> {
  const request = httpRequest({ port, host: '127.0.0.1', path, headers, method });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: String(Buffer.concat(await response.toArray())) };
}

describe('an emulator', () => {
  test('needs no options', async () => {
    emulator = await startOssEmulator();
    const credentials = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };
    const put = presignTarget({ method: 'PUT', credentials });
    expect(
      (await fetch(`${emulator.endpoint}${put}`, { method: 'PUT', body: Buffer.from('x') })).status,
    ).toBe(200);
    expect(emulator).toMatchObject({ region: 'cn-hangzhou', endpoint: `http://127.0.0.1:${emulator.port}` });
  });

  test('accepts several credentials', async () => {
    const others = [CREDENTIALS, { accessKeyId: 'second', accessKeySecret: 'x' }];
    const { endpoint } = await started({ credentials: others });
    for (const credentials of others) {
      const put = presignTarget({ method: 'PUT', credentials });
      expect((await fetch(`${endpoint}${put}`, { method: 'PUT', body: Buffer.from('x') })).status).toBe(200);
    }
  });

  test('reads the bucket from the host, a CNAME or the path', async () => {
    const { port, model } = await started({ cnames: { 'Files.Example.com': 'demo' } });
    const put = presignTarget({ method: 'PUT' });
    await fetch(`http://127.0.0.1:${port}${put}`, { method: 'PUT', body: Buffer.from('found') });
    const get = presignTarget({ method: 'GET' });
    const withoutBucket = get.replace('/demo/', '/');
    expect(await ask(port, get, { host: 'localhost' })).toEqual({ status: 200, text: 'found' });
    for (const host of ['demo.oss-cn-hangzhou.aliyuncs.com', 'demo.localhost', 'files.example.com']) {
      expect(await ask(port, withoutBucket, { host })).toEqual({ status: 200, text: 'found' });
    }
    expect(model.object('demo', 'key')?.size).toBe(5);
  });

  test('does not normalise keys', async () => {
    const { port, model } = await started();
    for (const key of ['a//b/', 'a/../b', 'a/./b']) {
      expect(
        await ask(port, presignTarget({ method: 'PUT', key }), { 'content-length': '0' }, 'PUT'),
      ).toMatchObject({
        status: 200,
      });
      expect(model.object('demo', key)?.size).toBe(0);
    }
    expect(
      await ask(port, presignTarget({ method: 'PUT', key: '/a' }), { 'content-length': '0' }, 'PUT'),
    ).toMatchObject({
      status: 400,
      text: expect.stringContaining('InvalidObjectName'),
    });
  });

  test('rejects an invalid signature with the expected CanonicalRequest', async () => {
    const { port } = await started();
    const { target, headers } = signInHeaders({ credentials: { ...CREDENTIALS, accessKeySecret: 'wrong' } });
    const { status, text } = await ask(port, target, headers);
    expect(status).toBe(403);
    expect(text).toContain('<Code>SignatureDoesNotMatch</Code>');
    expect(text).toMatch(/<CanonicalRequest>GET\n\/demo\/key\n/);
    expect(text).toContain('<EC>0002-00000201</EC>');
  });

  test('uses the given clock, which can be advanced', async () => {
    const now = Date.UTC(2024, 5, 20);
    const { endpoint, advanceClock } = await started({ clock: { now: () => now } });
    const url = `${endpoint}${presignTarget({ method: 'PUT', signedAt: now, expires: '60' })}`;
    expect((await fetch(url, { method: 'PUT', body: Buffer.from('x') })).status).toBe(200);
    advanceClock(61_000);
    const late = await fetch(url, { method: 'PUT', body: Buffer.from('x') });
    expect([late.status, late.headers.get('x-oss-ec')]).toEqual([403, '0002-00000236']);
    expect(late.headers.get('date')).toBe('Thu, 20 Jun 2024 00:01:01 GMT');
  });

  test('with discardBodies stores sizes and checksums but no bytes', async () => {
    const { endpoint, model } = await started({ discardBodies: true });
    const put = presignTarget({ method: 'PUT' });
    const response = await fetch(`${endpoint}${put}`, { method: 'PUT', body: Buffer.from('123456789') });
    expect(response.headers.get('x-oss-hash-crc64ecma')).toBe('11051210869376104954');
    expect(model.object('demo', 'key')?.size).toBe(9);
  });

  test('rejects a region with the prefix oss-', async () => {
    await expect(started({ region: 'oss-cn-hangzhou' })).rejects.toThrow('region');
  });
});

describe('the admin path', () => {
  const json = { 'content-type': 'application/json' };

  async function admin(path: string, init: RequestInit = {}): Promise<{ status: number; json: unknown }> {
    const response = await fetch(`${emulator?.endpoint}/-/emulator/${path}`, init);
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
  }

  test('adds, lists and removes rules', async () => {
    const { faults } = await started({ adminPath: '/-/emulator' });
    const rule = {
      operation: 'PutObject',
      keyPattern: '^a',
      effect: { kind: 'refuse', status: 503, code: 'X' },
    };
    const added = await admin('faults', { method: 'POST', headers: json, body: JSON.stringify(rule) });
    expect(added).toEqual({ status: 201, json: { id: 'fault-1', rule, matchedCount: 0, firedCount: 0 } });
    const put = presignTarget({ method: 'PUT', key: 'a' });
    expect(
      (await fetch(`${emulator?.endpoint}${put}`, { method: 'PUT', body: Buffer.from('x') })).status,
    ).toBe(503);
    expect((await admin('faults')).json).toEqual([{ id: 'fault-1', rule, matchedCount: 1, firedCount: 1 }]);
    expect((await admin('faults/fault-1', { method: 'DELETE' })).status).toBe(204);
    expect((await admin('faults/fault-1', { method: 'DELETE' })).status).toBe(404);
    faults.add({ effect: { kind: 'silent' } });
    expect((await admin('faults', { method: 'DELETE' })).status).toBe(204);
    expect(faults.list()).toEqual([]);
  });

  test('reports the invalid field of a rule', async () => {
    await started({ adminPath: '/-/emulator' });
    const post = (body: string): Promise<unknown> => admin('faults', { method: 'POST', headers: json, body });
    expect(await post('{')).toEqual({ status: 400, json: { error: 'the body must be JSON' } });
    expect(await post('{}')).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining('rule.effect') },
    });
    expect(await post(' '.repeat(70_000))).toMatchObject({ status: 400 });
  });

  test('returns the state and moves the clock', async () => {
    const now = Date.UTC(2024, 5, 20);
    await started({ adminPath: '/-/emulator', clock: { now: () => now } });
    expect(await admin('state')).toMatchObject({
      status: 200,
      json: { now, faults: 0, buckets: { demo: { objects: 0, uploads: [] } } },
    });
    const body = JSON.stringify({ advanceMs: -5000 });
    expect(await admin('clock', { method: 'POST', headers: json, body })).toEqual({
      status: 200,
      json: { now: now - 5000 },
    });
    expect((await admin('clock', { method: 'POST', headers: json, body: '{}' })).status).toBe(400);
    expect((await admin('nothing')).status).toBe(404);
  });

  test('is not served by default', async () => {
    await started();
    expect((await fetch(`${emulator?.endpoint}/-/emulator/state`)).status).not.toBe(200);
  });

  test('rejects requests of web pages', async () => {
    const { port } = await started({ adminPath: '/-/emulator' });
    expect(await ask(port, '/-/emulator/state', { host: 'rebound.example' })).toMatchObject({ status: 403 });
    const plain = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' };
    expect((await admin('clock', plain)).status).toBe(403);
  });
});
