import { crc64, createHttpControlPlane } from '@partway/core';
import type { HandledRequest } from '@partway/core/coordinator';
import { startUpload, systemClock, systemRandom } from '@partway/core/ports';
import { createInMemoryCheckpoints, createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createStage, type StageOptions } from '../stages/coordinator-stage.ts';

const { signal } = new AbortController();
const PART = 102_400;
const content = Uint8Array.from({ length: 3 * PART + 5 }, (_, index) => (index * 31) % 251);

/** Changes one request of the client; `count` starts at 1 for each verb. */
type Intercept = (verb: string, send: () => Promise<Response>, count: number) => Promise<Response>;

/** A client, a coordinator over HTTP, and a proxy between them. Records the calls of the hooks. */
function createHarness(options: StageOptions = {}, intercept: Intercept = (_, send) => send()) {
  const calls: string[] = [];
  const hooks = {
    completed: (_: object, { id }: { readonly id: string }) => void calls.push(`completed ${id}`),
    aborted: ({ id }: { readonly id: string }) => void calls.push(`aborted ${id}`),
  };
  const stage = createStage({ hooks, ...options });
  const counts = new Map<string, number>();
  const plane = createHttpControlPlane('https://app.test/uploads', {
    headers: { 'x-session': 'wei' },
    fetch(url, init) {
      const verb = url.slice(url.lastIndexOf('/') + 1);
      const count = (counts.get(verb) ?? 0) + 1;
      counts.set(verb, count);
      return intercept(verb, () => stage.handler(new Request(url, init)), count);
    },
  });
  const ports = {
    openSource: async () => createInMemorySource(content),
    ...{ transport: stage.transport, controlPlane: plane, checkpoints: createInMemoryCheckpoints() },
    ...{ clock: systemClock, random: systemRandom },
  };
  const start = () =>
    startUpload(ports, { key: 'a', partSize: PART, concurrency: 1, retry: { baseMs: 1, maxMs: 1 } });
  return { stage, plane, start, calls };
}

/** An upload with all parts stored and no Complete. */
async function initiateAndSend({ stage, plane }: ReturnType<typeof createHarness>) {
  const request = { key: 'a', size: 2 * PART, partSize: PART, object: {}, presignCount: 2, signal };
  const { uploadToken, presigned = [] } = await plane.initiate(request);
  const bytes = content.subarray(0, PART);
  for (const { url, headers } of presigned) expect(await stage.put(url, headers, bytes)).toBe(200);
  const receipts = [1, 2].map((partNumber) => ({ partNumber, size: PART, crc64: crc64(bytes) }));
  return { uploadToken, complete: () => plane.complete({ uploadToken, receipts, signal }) };
}

test('concurrent Completes of one upload all return the same object', async () => {
  const harness = createHarness();
  const { complete } = await initiateAndSend(harness);
  const objects = await Promise.all([complete(), complete(), complete()]);
  expect(new Set(objects.map((object) => object.crc64)).size).toBe(1);
  expect(new Set(harness.calls).size).toBe(1);
});

test('of a concurrent Complete and abort one wins, and the hooks report which [threat-23]', async () => {
  for (let delay = 0; delay < 12; delay++) {
    const harness = createHarness();
    const { uploadToken, complete } = await initiateAndSend(harness);
    const completion = complete();
    for (let turn = 0; turn < delay; turn++) await new Promise((resolve) => setImmediate(resolve));
    await Promise.allSettled([completion, harness.plane.abort({ uploadToken, signal })]);
    const isStored = harness.stage.model.object(BUCKET, 'wei/a') !== undefined;
    expect(harness.calls).toEqual([expect.stringMatching(isStored ? /^completed/ : /^aborted/)]);
    expect(harness.stage.model.uploads(BUCKET)).toEqual([]);
  }
});

test('a lost first response to every verb leaves nothing', async () => {
  const { stage, start } = createHarness({}, async (_, send, count) => {
    const response = await send();
    if (count === 1) throw new TypeError('fetch failed');
    return response;
  });
  expect(await start().result).toMatchObject({ crc64: crc64(content), recovered: true });
  expect(stage.model.uploads(BUCKET)).toEqual([]);
});

test('a token that expires during an upload ends it and leaves nothing, and the next upload succeeds', async () => {
  let offsetMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + offsetMs };
  const { stage, start } = createHarness({ clock, tokenLifetimeSeconds: 60 }, (verb, send, count) => {
    if (verb === 'presign-parts' && count === 1) offsetMs = 61_000;
    return send();
  });
  await expect(start().result).rejects.toMatchObject({ code: 'token_refused' });
  expect(stage.model.uploads(BUCKET)).toEqual([]);
  expect(await start().result).toMatchObject({ key: 'wei/a' });
});

test('a Complete that fails after its client has disconnected is logged with its own error', async () => {
  const handled: HandledRequest[] = [];
  const onResponse = (entry: HandledRequest) => handled.push(entry);
  const { stage } = createHarness({ handler: { basePath: '/uploads', onResponse } });
  const disconnected = new AbortController();
  const body = { uploadToken: 'forged', receipts: [] };
  const pending = stage.post('complete', body, { signal: disconnected.signal });
  disconnected.abort();
  await pending;
  expect(handled.map(({ error }) => error?.code)).toEqual(['token_refused']);
});
