// The coordinator as a route handler of Next. All of Next is too heavy for an example that every CI runs, so
// this one calls what the route exports, as Next does: with a `Request`, and without a socket. What Next
// itself does in front of the route is not shown to work here.
import assert from 'node:assert/strict';
import { OPTIONS, POST } from './mounts/next/app/uploads/[...verb]/route.ts';
import { emulator, uploadThrough } from './mounts/stage.ts';

await uploadThrough('https://app.test/uploads', (url, init) => POST(new Request(url, init)));
const preflight = await OPTIONS(new Request('https://app.test/uploads/initiate', { method: 'OPTIONS' }));
assert.equal(preflight.status, 403);
await emulator.close();
