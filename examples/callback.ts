// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of OSS.
// OSS calls an application server after an upload. The server verifies that the request is from OSS, looks up
// the object itself, and its reply reaches the client.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCoordinator } from '@partway/core/coordinator';
import { callback, createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';
import { uploadFile } from '@partway/node';
import { createCallbackVerifier } from '@partway/node/callback';

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const emulator = await startOssEmulator({ buckets: ['media'], credentials, callbackHosts: ['127.0.0.1'] });
const { region, endpoint } = emulator;
const store = createOssObjectStore({ region, bucket: 'media', endpoint, credentials });

// The emulator has its own key. Omit this option for OSS.
const allowedKeyUrls = [new URL('.', emulator.callbackKeyUrl).href];
const verifier = createCallbackVerifier({ allowedKeyUrls });

const server = createServer(async (message, reply) => {
  const { method, url, headers } = message;
  try {
    const { values } = await verifier.verify({ method, url, headers, body: message });
    // The callback is only a hint. Read the properties of the object from OSS, with credentials.
    const head = await store.head({ key: String(values.key) });
    const body = JSON.stringify({ film: `${values.user}-1`, size: head?.size });
    reply.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    reply.end(body);
  } catch {
    reply.writeHead(403).end();
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const coordinator = createCoordinator({
  store,
  callback: ({ key }) =>
    callback({
      url: `${origin}/uploaded`,
      body: 'key=${object}&user=${x:user}',
      vars: { user: key.split('/')[0] ?? '' },
      allowPrivateAddresses: true, // OSS itself calls public addresses alone.
    }),
});

const file = process.argv[1] ?? '';
const object = await uploadFile(file, { controlPlane: coordinator, key: 'wei/film.mp4' }).result;
assert.deepEqual(JSON.parse(object.callback?.body ?? ''), { film: 'wei-1', size: object.size });

const forged = await fetch(`${origin}/uploaded`, { method: 'POST', body: 'key=wei/film.mp4&user=eve' });
assert.equal(forged.status, 403);
console.log(`reply of the application server: ${object.callback?.body}; a forged callback was rejected`);
server.close().closeAllConnections();
await emulator.close();
