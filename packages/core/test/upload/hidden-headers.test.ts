import type { Upload, UploadEvent } from '@partway/core';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const bytes = new Uint8Array(4 * PART + 1).fill(7);

/** An upload over a transport that hides headers of these names, as CORS does in a page. */
function startHiding(harness: Harness, hidden: readonly string[], mayHide = true): Upload {
  const ports = harness.createPorts(createInMemorySource(bytes));
  const transport = {
    ...ports.transport,
    mayHideHeaders: mayHide,
    async put(request: Parameters<typeof ports.transport.put>[0]) {
      const answer = await ports.transport.put(request);
      const shown = Object.entries(answer.headers).filter(([name]) => !hidden.includes(name));
      return { ...answer, headers: Object.fromEntries(shown) };
    },
  };
  const onEvent = (event: UploadEvent): void => void harness.events.push(event);
  return startUpload({ ...ports, transport }, { key: KEY, partSize: PART, onEvent });
}

function namesTold({ events }: Harness): readonly (readonly string[])[] {
  return events.flatMap((event) => (event.type === 'headers-hidden' ? [event.names] : []));
}

test.each([
  [['x-oss-hash-crc64ecma', 'x-oss-request-id', 'etag']],
  [['x-oss-hash-crc64ecma']],
  [['x-oss-request-id']],
])('a page that cannot read %s is notified once, and its upload is proven', async (hidden) => {
  const harness = createHarness();
  const { result } = startHiding(harness, hidden);
  expect(await harness.runUntilSettled(result)).toMatchObject({ size: bytes.length });
  expect(namesTold(harness)).toEqual([hidden.filter((name) => name !== 'etag')]);
});

test('a page that can read the needed headers is not notified', async () => {
  const harness = createHarness();
  await harness.runUntilSettled(startHiding(harness, ['etag']).result);
  expect(namesTold(harness)).toEqual([]);
});

test('a page is not notified again after a pause', async () => {
  const harness = createHarness();
  const upload = startHiding(harness, ['x-oss-hash-crc64ecma']);
  upload.setConcurrency(1);
  upload.subscribe(({ type }) => {
    if (type === 'headers-hidden') upload.pause();
    if (type === 'paused') upload.resume();
  });
  await harness.runUntilSettled(upload.result);
  expect(harness.events.map(({ type }) => type)).toContain('resumed');
  expect(namesTold(harness)).toHaveLength(1);
});

test('without hidden headers a response without a CRC64 is not from OSS', async () => {
  const harness = createHarness();
  const { result } = startHiding(harness, ['x-oss-hash-crc64ecma'], false);
  await harness.runUntilSettled(result);
  const retried = harness.events.flatMap((event) => (event.type === 'retrying' ? [event.error.code] : []));
  expect(new Set(retried)).toEqual(new Set(['malformed_response']));
  expect(namesTold(harness)).toEqual([]);
});
