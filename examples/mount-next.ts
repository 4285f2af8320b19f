// The coordinator as a route handler of Next. Next is too large for an example in CI, so this one calls the
// exports of the route as Next does: with a `Request`, without a socket. Next's own code before the route is
// not tested here.
import assert from 'node:assert/strict';
import { OPTIONS, POST } from './mounts/next/app/uploads/[...verb]/route.ts';
import { emulator, uploadThrough } from './mounts/stage.ts';

await uploadThrough('https://app.test/uploads', (url, init) => POST(new Request(url, init)));
const preflight = await OPTIONS(new Request('https://app.test/uploads/initiate', { method: 'OPTIONS' }));
assert.equal(preflight.status, 403);
await emulator.close();
