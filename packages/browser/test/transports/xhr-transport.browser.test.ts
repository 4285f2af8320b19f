import { createBlobSource, createXhrTransport } from '@partway/browser';
import type { PartResponse } from '@partway/core/ports';
import { type ScriptedResponse, transportConformance } from '@partway/core/testing';
import { expect, inject, test } from 'vitest';
import { createBlobSourceWithChecksums } from '../../src/blob-source.ts';
import { remoteScriptedServer } from '../stages/remote-scripted-server.ts';

const server = remoteScriptedServer(inject('scriptsUrl'));
const OK: ScriptedResponse = { behaviour: 'respond', status: 200, headers: {}, body: '' };

const conformance = transportConformance({
  createTransport: async () => ({ transport: createXhrTransport(), close: () => Promise.resolve() }),
  createServer: () => Promise.resolve(server),
  sendsWhileReading: false,
  followsRedirects: true,
});

test.each(conformance)('the XMLHttpRequest transport $name', ({ run }) => run());

interface Putting {
  readonly headers?: Readonly<Record<string, string>>;
  readonly onProgress?: (sentBytes: number) => void;
}

function putBlob(
  url: string,
  blob: Blob,
  { headers = {}, onProgress = () => undefined }: Putting = {},
): Promise<PartResponse> {
  const body = createBlobSource(blob).part(0, blob.size);
  const { signal } = new AbortController();
  return createXhrTransport().put({ url, headers, body, onProgress, signal });
}

test('a part of a file with a type is sent without one, and with its length', async () => {
  const address = await server.serve(OK);
  const file = new File(['hello'], 'a.txt', { type: 'text/plain' });
  expect(await putBlob(address.url, file, { headers: { 'content-length': '5' } })).toMatchObject({
    status: 200,
  });
  const received = await address.received();
  expect(received.headers).not.toHaveProperty('content-type');
  expect(received.headers).toMatchObject({ 'content-length': '5' });
});

test('no cookie is sent', async () => {
  const address = await server.serve(OK);
  await putBlob(address.url, new Blob(['hello']));
  expect((await address.received()).headers).not.toHaveProperty('cookie');
});

test('progress is reported from zero to the size while a part is in flight', async () => {
  const size = 24 * 1024 * 1024;
  const url = inject('slowReaderUrl');
  const progress: number[] = [];
  const putting = putBlob(url, new Blob([new Uint8Array(size)]), {
    onProgress: (sent) => progress.push(sent),
  });
  await expect.poll(() => progress.some((sentBytes) => sentBytes > 0 && sentBytes < size)).toBe(true);
  await fetch(url, { method: 'POST' });
  expect(await putting).toMatchObject({ status: 200 });
  expect(progress[0]).toBe(0);
  expect(progress.at(-1)).toBe(size);
});

test('a response is read as UTF-8, regardless of its charset', async () => {
  const headers = { 'content-type': 'application/xml; charset=gbk' };
  const address = await server.serve({ ...OK, status: 403, headers, body: '<Error>你好</Error>' });
  expect(await putBlob(address.url, new Blob(['hello']))).toMatchObject({ body: '<Error>你好</Error>' });
});

test('a fragment is not part of the response URL', async () => {
  const { url } = await server.serve(OK);
  expect(await putBlob(`${url}#a?b#c`, new Blob(['hello']))).toMatchObject({ status: 200 });
});

test('an invalid URL is a failure', async () => {
  await expect(putBlob('http://[', new Blob(['hello']))).rejects.toMatchObject({ code: 'network' });
});

test('a redirect is a transient network failure', async () => {
  const target = await server.serve(OK);
  const address = await server.serve({ ...OK, status: 307, headers: { location: target.url } });
  const sending = putBlob(address.url, new Blob(['hello']));
  await expect(sending).rejects.toMatchObject({ code: 'network', disposition: 'transient' });
});

test('the CRC64 of a part is being computed when its first byte arrives [pain-24]', async () => {
  const address = await server.serve({ ...OK, behaviour: 'silent' });
  const blobs: Blob[] = [];
  const crc64 = (blob: Blob): Promise<string> => {
    blobs.push(blob);
    return Promise.resolve('0');
  };
  const body = createBlobSourceWithChecksums(new Blob(['hello']), { crc64, close: () => undefined }).part(
    1,
    3,
  );
  const stop = new AbortController();
  const { signal } = stop;
  const request = { url: address.url, headers: {}, body, onProgress: () => undefined, signal };
  const sending = createXhrTransport().put(request);
  await address.arrived();
  expect(blobs).toEqual([body.blob]);
  stop.abort();
  await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
});
