// The coordinator in a server of `node:http`. The adapter creates a `Request`: it passes the body on as a
// stream, and aborts `request.signal` when the client disconnects.
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createCoordinatorHandler } from '@partway/core/coordinator';
import { coordinator, emulator, originOf, uploadThrough } from './mounts/stage.ts';

const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
const uploads = getRequestListener(handler, { overrideGlobalObjects: false });
const server = createServer((request, response) => {
  if (request.url?.startsWith('/uploads/')) return uploads(request, response);
  return response.writeHead(404).end();
}).listen(0, '127.0.0.1');

await uploadThrough(`${await originOf(server)}/uploads`);
server.close();
await emulator.close();
