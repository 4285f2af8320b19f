import { createBlobSource, createFetchTransport } from '@partway/browser';
import type { PartResponse } from '@partway/core/ports';
import { type ScriptedResponse, transportConformance } from '@partway/core/testing';
import { expect, inject, test } from 'vitest';
import { remoteScriptedServer } from '../stages/remote-scripted-server.ts';

const server = remoteScriptedServer(inject('scriptsUrl'));
const OK: ScriptedResponse = { behaviour: 'respond', status: 200, headers: {}, body: '' };
const signal = new AbortController().signal;

const conformance = transportConformance({
  createTransport: async () => ({ transport: createFetchTransport(), close: () => Promise.resolve() }),
  createServer: () => Promise.resolve(server),
  sendsWhileReading: false,
});

test.each(conformance)('the fetch transport $name', ({ run }) => run());

function putBlob(url: string, blob: Blob): Promise<PartResponse> {
  const body = createBlobSource(blob).part(0, blob.size);
  return createFetchTransport().put({ url, headers: {}, body, onProgress: () => undefined, signal });
}

test('a part of a file with a type is sent without one', async () => {
  const address = await server.serve(OK);
  const file = new File(['hello'], 'a.txt', { type: 'text/plain' });
  expect(await putBlob(address.url, file)).toMatchObject({ status: 200 });
  const received = await address.received();
  expect(received.headers).not.toHaveProperty('content-type');
  expect(received.headers).toMatchObject({ 'content-length': '5' });
});

test('no cookie and no referrer is sent', async () => {
  const address = await server.serve(OK);
  await putBlob(address.url, new Blob(['hello']));
  const { headers } = await address.received();
  expect(headers).not.toHaveProperty('cookie');
  expect(headers).not.toHaveProperty('referer');
});
