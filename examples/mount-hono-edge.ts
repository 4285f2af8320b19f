// The coordinator in Hono without Node: in Vercel's Edge Runtime, which has web globals and neither `process`
// nor `Buffer` nor `eval`. The worker is bundled as for any edge runtime. Here requests are dispatched to it
// without a socket; its requests to OSS use HTTP.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { EdgeVM } from '@edge-runtime/vm';
import { build, type Rolldown } from 'vite';
import { emulator, uploadThrough } from './mounts/stage.ts';

const env = { OSS_ENDPOINT: emulator.endpoint, TOKEN_KEY: randomBytes(32).toString('base64') };
const initialCode = await bundleWorker(fileURLToPath(new URL('./mounts/edge-worker.js', import.meta.url)));
const runtime = new EdgeVM({ initialCode, extend: (context) => Object.assign(context, env) });
assert.equal(runtime.evaluate('typeof process + typeof Buffer'), 'undefinedundefined');

await uploadThrough('https://app.test/uploads', (url, { method, headers, body }) =>
  runtime.dispatchFetch(url, { method, headers, body } as RequestInit),
);
await emulator.close();

async function bundleWorker(entry: string): Promise<string> {
  const lib = { entry, formats: ['iife' as const], name: 'worker' };
  const built = await build({ configFile: false, logLevel: 'warn', build: { lib, write: false } });
  const [{ output }] = built as [Rolldown.RolldownOutput];
  return output[0].code;
}
