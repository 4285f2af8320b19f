import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane, Upload } from '@partway/core';
import type { Transport } from '@partway/core/ports';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uploadFile } from '../upload-file.ts';
import { choosePartSizeForSpeed, measureLinkSpeed } from './link-speed.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const path = join(tmpdir(), `partway-link-speed-${process.pid}`);

beforeAll(async () => {
  const file = await open(path, 'w');
  await file.truncate(2 * GIB);
  await file.close();
});
afterAll(() => rm(path));

test.each([
  ['an ADSL line', MIB, 100 * GIB, 8 * MIB],
  ['100 Mbit/s', 12.5 * MIB, 100 * GIB, 8 * MIB],
  ['1 Gbit/s', 125 * MIB, 100 * GIB, 8 * MIB],
  ['2.5 Gbit/s', 300 * MIB, 100 * GIB, 32 * MIB],
  ['10 Gbit/s', 1250 * MIB, 100 * GIB, 64 * MIB],
  ['10 Gbit/s, a file of 1 GiB', 1250 * MIB, GIB, 16 * MIB],
  ['10 Gbit/s, a small file', 1250 * MIB, 1000, 8 * MIB],
])('part size for %s', (_, bytesPerSecond, size, partSize) => {
  expect(choosePartSizeForSpeed(bytesPerSecond, size)).toBe(partSize);
});

test('after a fast upload, the next one over the same transport requests larger parts', async () => {
  const transport = { reportsProgress: true, mayHideHeaders: false, connectionsMax: 16 } as Transport;
  const other = { ...transport };
  expect(await requestedPartSize(transport)).toBeUndefined();
  measureLinkSpeed(fakeUpload(1250 * MIB, GIB), transport);
  expect(await requestedPartSize(transport)).toBe(32 * MIB);
  expect(await requestedPartSize(other)).toBeUndefined();
  expect(await requestedPartSize(transport, 16 * MIB)).toBe(16 * MIB);
});

test('a short upload does not change the part size of the next one', async () => {
  const transport = { reportsProgress: true, mayHideHeaders: false, connectionsMax: 16 } as Transport;
  measureLinkSpeed(fakeUpload(1250 * MIB, 10 * MIB), transport);
  expect(await requestedPartSize(transport)).toBeUndefined();
});

function fakeUpload(bytesPerSecond: number, confirmedBytes: number): Upload {
  const snapshot = () => ({ bytesPerSecond, confirmedBytes });
  return { result: Promise.resolve(), snapshot } as unknown as Upload;
}

/** The part size that an upload requests with Initiate, which then fails. */
async function requestedPartSize(transport: Transport, partSize?: number): Promise<number | undefined> {
  let requested: number | undefined;
  const verbs = ['presignParts', 'listParts', 'complete', 'abort'];
  const controlPlane = {
    ...Object.fromEntries(verbs.map((verb) => [verb, () => Promise.reject(new Error('unexpected request'))])),
    initiate(request: { partSize: number | undefined }) {
      requested = request.partSize;
      return Promise.reject(new Error('end of the test'));
    },
  } as unknown as ControlPlane;
  await uploadFile(path, { controlPlane, transport, key: 'k', partSize }).result.catch(() => undefined);
  return requested;
}
