// A worker for an edge runtime: web standards only. Cloudflare's workers export `{ fetch: app.fetch }`
// instead of listening, and read `c.env` instead of globals.
import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { Hono } from 'hono';
import { authorize, identify } from './access.ts';

declare const OSS_ENDPOINT: string;
declare const TOKEN_KEY: string;
declare function addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Response | Promise<Response>): void;
}

const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const bucket = { region: 'cn-hangzhou', bucket: 'media', credentials, endpoint: OSS_ENDPOINT };
const coordinator = createCoordinator({
  store: createOssObjectStore(bucket),
  // An edge runtime starts workers at any time and in many places: all of them share the key.
  tokenKeys: [{ kid: '2026', key: Uint8Array.from(atob(TOKEN_KEY), (letter) => letter.charCodeAt(0)) }],
  identify,
  authorize,
});
const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
const app = new Hono();
app.all('/uploads/*', ({ req }) => handler(req.raw));
addEventListener('fetch', (event) => event.respondWith(app.fetch(event.request)));
