// The coordinator in Fastify 5. In its own plugin no parser reads the body, and after `hijack` only the
// handler responds. The rest of the app keeps its parsers and its body limit.
import { getRequestListener } from '@hono/node-server';
import { createCoordinatorHandler } from '@partway/core/coordinator';
import fastify from 'fastify';
import { coordinator, emulator, uploadThrough } from './mounts/stage.ts';

const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
const uploads = getRequestListener(handler, { overrideGlobalObjects: false });
const app = fastify();
app.register(async (plugin) => {
  plugin.removeAllContentTypeParsers();
  plugin.addContentTypeParser('*', (_request, _body, done) => done(null));
  plugin.all('/uploads/*', (request, reply) => {
    reply.hijack();
    void uploads(request.raw, reply.raw);
  });
});
const origin = await app.listen({ port: 0, host: '127.0.0.1' });

await uploadThrough(`${origin}/uploads`);
await app.close();
await emulator.close();
