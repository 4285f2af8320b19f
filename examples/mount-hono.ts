// The coordinator in Hono, on Node. Hono uses `fetch` types: the handler receives the raw request.
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { createCoordinatorHandler } from '@partway/core/coordinator';
import { Hono } from 'hono';
import { coordinator, emulator, originOf, uploadThrough } from './mounts/stage.ts';

const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
const app = new Hono();
app.all('/uploads/*', ({ req }) => handler(req.raw));
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;

await uploadThrough(`${await originOf(server)}/uploads`);
server.close();
await emulator.close();
