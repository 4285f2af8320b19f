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
type Meddle = (verb: string, ask: () => Promise<Response>, count: number) => Promise<Response>;

/** A client, a coordinator over HTTP, and a proxy between them. Records the calls of the hooks. */
function world(options: StageOptions = {}, meddle: Meddle = (_, ask) => ask()) {
  const told: string[] = [];
  const hooks = {
    completed: (_: object, { id }: { readonly id: string }) => void told.push(`completed ${id}`),
    aborted: ({ id }: { readonly id: string }) => void told.push(`aborted ${id}`),
  };
  const stage = createStage({ hooks, ...options });
  const counts = new Map<string, number>();
  const plane = createHttpControlPlane('https://app.test/uploads', {
    headers: { 'x-session': 'wei' },
    fetch(url, init) {
      const verb = url.slice(url.lastIndexOf('/') + 1);
      const count = (counts.get(verb) ?? 0) + 1;
      counts.set(verb, count);
      return meddle(verb, () => stage.handler(new Request(url, init)), count);
    },
  });
  const ports = {
    openSource: async () => createInMemorySource(content),
    ...{ transport: stage.transport, controlPlane: plane, checkpoints: createInMemoryCheckpoints() },
    ...{ clock: systemClock, random: systemRandom },
  };
  const start = () =>
    startUpload(ports, { key: 'a', partSize: PART, concurrency: 1, retry: { baseMs: 1, maxMs: 1 } });
  return { stage, plane, start, told };
}

/** An upload with all parts stored and no Complete. */
async function sent({ stage, plane }: ReturnType<typeof world>) {
  const request = { key: 'a', size: 2 * PART, partSize: PART, object: {}, presignCount: 2, signal };
  const { uploadToken, presigned = [] } = await plane.initiate(request);
  const bytes = content.subarray(0, PART);
  for (const { url, headers } of presigned) expect(await stage.put(url, headers, bytes)).toBe(200);
  const receipts = [1, 2].map((partNumber) => ({ partNumber, size: PART, crc64: crc64(bytes) }));
  return { uploadToken, complete: () => plane.complete({ uploadToken, receipts, signal }) };
}

test('of Completes at once every one gives the same object, of one upload', async () => {
  const all = world();
  const { complete } = await sent(all);
  const objects = await Promise.all([complete(), complete(), complete()]);
  expect(new Set(objects.map((object) => object.crc64)).size).toBe(1);
  expect(new Set(all.told).size).toBe(1);
});

test('of a concurrent Complete and abort one wins, and the hooks report which [threat-23]', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const all = world();
    const { uploadToken, complete } = await sent(all);
    const completing = complete();
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    await Promise.allSettled([completing, all.plane.abort({ uploadToken, signal })]);
    const isStored = all.stage.model.object(BUCKET, 'wei/a') !== undefined;
    expect(all.told).toEqual([expect.stringMatching(isStored ? /^completed/ : /^aborted/)]);
    expect(all.stage.model.uploads(BUCKET)).toEqual([]);
  }
});

test('a lost first response to every verb leaves nothing', async () => {
  const { stage, start } = world({}, async (_, ask, count) => {
    const response = await ask();
    if (count === 1) throw new TypeError('fetch failed');
    return response;
  });
  expect(await start().result).toMatchObject({ crc64: crc64(content), recovered: true });
  expect(stage.model.uploads(BUCKET)).toEqual([]);
});

test('a token that expires in the middle ends the upload, leaves nothing, and the next one begins', async () => {
  let setBy = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + setBy };
  const { stage, start } = world({ clock, tokenLifetimeSeconds: 60 }, (verb, ask, count) => {
    if (verb === 'presign-parts' && count === 1) setBy = 61_000;
    return ask();
  });
  await expect(start().result).rejects.toMatchObject({ code: 'token_refused' });
  expect(stage.model.uploads(BUCKET)).toEqual([]);
  expect(await start().result).toMatchObject({ key: 'wei/a' });
});

test('a Complete that failed after its client had gone is logged for what it was', async () => {
  const answered: HandledRequest[] = [];
  const onResponse = (entry: HandledRequest) => answered.push(entry);
  const { stage } = world({ handler: { basePath: '/uploads', onResponse } });
  const gone = new AbortController();
  const body = { uploadToken: 'forged', receipts: [] };
  const answering = stage.post('complete', body, { signal: gone.signal });
  gone.abort();
  await answering;
  expect(answered.map(({ error }) => error?.code)).toEqual(['token_refused']);
});
