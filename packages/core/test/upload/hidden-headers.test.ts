import type { Upload, UploadEvent } from '@partway/core';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { createWorld, KEY, type World } from '../stages/world.ts';

const PART = 102_400;
const bytes = new Uint8Array(4 * PART + 1).fill(7);

/** An upload over a transport that hides headers of these names, as CORS does in a page. */
function startHiding(world: World, hidden: readonly string[], mayHide = true): Upload {
  const ports = world.portsOf(createInMemorySource(bytes));
  const transport = {
    ...ports.transport,
    mayHideHeaders: mayHide,
    async put(request: Parameters<typeof ports.transport.put>[0]) {
      const answer = await ports.transport.put(request);
      const shown = Object.entries(answer.headers).filter(([name]) => !hidden.includes(name));
      return { ...answer, headers: Object.fromEntries(shown) };
    },
  };
  const onEvent = (event: UploadEvent): void => void world.events.push(event);
  return startUpload({ ...ports, transport }, { key: KEY, partSize: PART, onEvent });
}

function namesTold({ events }: World): readonly (readonly string[])[] {
  return events.flatMap((event) => (event.type === 'headers-hidden' ? [event.names] : []));
}

test.each([
  [['x-oss-hash-crc64ecma', 'x-oss-request-id', 'etag']],
  [['x-oss-hash-crc64ecma']],
  [['x-oss-request-id']],
])('a page that cannot read %s is notified once, and its upload is proven', async (hidden) => {
  const world = createWorld();
  const { result } = startHiding(world, hidden);
  expect(await world.settled(result)).toMatchObject({ size: bytes.length });
  expect(namesTold(world)).toEqual([hidden.filter((name) => name !== 'etag')]);
});

test('a page that can read the needed headers is not notified', async () => {
  const world = createWorld();
  await world.settled(startHiding(world, ['etag']).result);
  expect(namesTold(world)).toEqual([]);
});

test('a page is not notified again after a pause', async () => {
  const world = createWorld();
  const upload = startHiding(world, ['x-oss-hash-crc64ecma']);
  upload.setConcurrency(1);
  upload.subscribe(({ type }) => {
    if (type === 'headers-hidden') upload.pause();
    if (type === 'paused') upload.resume();
  });
  await world.settled(upload.result);
  expect(world.events.map(({ type }) => type)).toContain('resumed');
  expect(namesTold(world)).toHaveLength(1);
});

test('without hidden headers a response without a CRC64 is not from OSS', async () => {
  const world = createWorld();
  const { result } = startHiding(world, ['x-oss-hash-crc64ecma'], false);
  await world.settled(result);
  const retried = world.events.flatMap((event) => (event.type === 'retrying' ? [event.error.code] : []));
  expect(new Set(retried)).toEqual(new Set(['malformed_response']));
  expect(namesTold(world)).toEqual([]);
});
