// The coordinator in Express 5. It reads bodies itself, with its own limits: mount it before
// `express.json()`. Use `all`, which keeps the whole path; `use` removes the matched part.
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
