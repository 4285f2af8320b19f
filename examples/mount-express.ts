// The coordinator in Express 5. It reads bodies itself, within limits of its own: mount it in front of
// `express.json()`. By `all`, which leaves the path whole; `use` cuts off what it matched.
import { getRequestListener } from '@hono/node-server';
import { createCoordinatorHandler } from '@partway/core/coordinator';
import express from 'express';
import { coordinator, emulator, originOf, uploadThrough } from './mounts/stage.ts';

const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
const app = express();
app.all('/uploads/*verb', getRequestListener(handler, { overrideGlobalObjects: false }));
app.use(express.json());
const server = app.listen(0, '127.0.0.1');

await uploadThrough(`${await originOf(server)}/uploads`);
server.close();
await emulator.close();
