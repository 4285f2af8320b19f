// A coordinator and an OSS at different origins, as in a service. It prints its URL.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createBucketAdmin, createOssObjectStore } from '@partway/core/oss';
import { startOssEmulator } from '@partway/emulator';

const credentials = { accessKeyId: 'key-id', accessKeySecret: 'key-secret' };
const emulator = await startOssEmulator({ buckets: ['media'], credentials });
const { endpoint, region } = emulator;
const bucket = { bucket: 'media', region, endpoint, credentials };

await createBucketAdmin(bucket).addCorsRule({
  allowedOrigins: ['*'],
  allowedMethods: ['PUT'],
  allowedHeaders: ['*'],
  exposeHeaders: ['ETag', 'x-oss-request-id', 'x-oss-hash-crc64ecma'],
});

const coordinator = createCoordinator({
  store: createOssObjectStore(bucket),
  identify: ({ headers }) => headers.get('authorization')?.replace('Bearer ', ''),
  authorize: ({ name }, { principal }) => ({ key: `${principal}/${name}` }),
});
const uploads = createCoordinatorHandler(coordinator, { basePath: '/uploads', cors: { origins: ['*'] } });

/** The stored object, for comparison. */
async function stored(key) {
  const object = emulator.model.object('media', key);
  if (object === undefined) return new Response(null, { status: 404 });
  return new Response(Buffer.from(await object.bytes()), { headers: { etag: object.etag } });
}

const server = createServer(
  getRequestListener((request) => {
    const { pathname } = new URL(request.url);
    return pathname.startsWith('/uploads/')
      ? uploads(request)
      : stored(decodeURIComponent(pathname.slice(1)));
  }),
);
await once(server.listen(0, '127.0.0.1'), 'listening');
console.log(`http://127.0.0.1:${server.address().port}`);
