import type { Upload, UploadEvent } from '@partway/core';
import { startUpload } from '@partway/core/ports';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { createHarness, type Harness, KEY } from '../stages/harness.ts';

const PART = 102_400;
const bytes = new Uint8Array(4 * PART + 1).fill(7);

/** An upload over a transport that hides headers of these names, as CORS does in a page. */
function startWithHiddenHeaders(harness: Harness, hidden: readonly string[], mayHide = true): Upload {
  const ports = harness.createPorts(createInMemorySource(bytes));
  const transport = {
    ...ports.transport,
    mayHideHeaders: mayHide,
    async put(request: Parameters<typeof ports.transport.put>[0]) {
      const response = await ports.transport.put(request);
      const visible = Object.entries(response.headers).filter(([name]) => !hidden.includes(name));
      return { ...response, headers: Object.fromEntries(visible) };
    },
  };
  const onEvent = (event: UploadEvent): void => void harness.events.push(event);
  return startUpload({ ...ports, transport }, { key: KEY, partSize: PART, onEvent });
}

function listReportedNames({ events }: Harness): readonly (readonly string[])[] {
  return events.flatMap((event) => (event.type === 'headers-hidden' ? [event.names] : []));
}

test.each([
  [['x-oss-hash-crc64ecma', 'x-oss-request-id', 'etag']],
  [['x-oss-hash-crc64ecma']],
  [['x-oss-request-id']],
])('a transport that hides %s is reported once, and the upload is proven', async (hidden) => {
  const harness = createHarness();
  const { result } = startWithHiddenHeaders(harness, hidden);
  expect(await harness.runUntilSettled(result)).toMatchObject({ size: bytes.length });
  expect(listReportedNames(harness)).toEqual([hidden.filter((name) => name !== 'etag')]);
});

test('a transport that hides only headers that are not needed is not reported', async () => {
  const harness = createHarness();
  await harness.runUntilSettled(startWithHiddenHeaders(harness, ['etag']).result);
  expect(listReportedNames(harness)).toEqual([]);
});

test('hidden headers are not reported again after a pause', async () => {
  const harness = createHarness();
  const upload = startWithHiddenHeaders(harness, ['x-oss-hash-crc64ecma']);
  upload.setConcurrency(1);
  upload.subscribe(({ type }) => {
    if (type === 'headers-hidden') upload.pause();
    if (type === 'paused') upload.resume();
  });
  await harness.runUntilSettled(upload.result);
  expect(harness.events.map(({ type }) => type)).toContain('resumed');
  expect(listReportedNames(harness)).toHaveLength(1);
});

test('a response without a CRC64 is `malformed_response` if the transport hides no headers', async () => {
  const harness = createHarness();
  const { result } = startWithHiddenHeaders(harness, ['x-oss-hash-crc64ecma'], false);
  await harness.runUntilSettled(result);
  const retried = harness.events.flatMap((event) => (event.type === 'retrying' ? [event.error.code] : []));
  expect(new Set(retried)).toEqual(new Set(['malformed_response']));
  expect(listReportedNames(harness)).toEqual([]);
});
