import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane, Upload } from '@partway/core';
import type { Transport } from '@partway/core/ports';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uploadFile } from '../upload-file.ts';
import { learnFrom, partSizeAt } from './link-speed.ts';

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
])('%s', (_, bytesPerSecond, size, partSize) => {
  expect(partSizeAt(bytesPerSecond, size)).toBe(partSize);
});

test('an upload wishes for the parts that the one before it has shown to be good, over that transport', async () => {
  const transport = { reportsProgress: true, mayHideHeaders: false, connectionsMax: 16 } as Transport;
  const other = { ...transport };
  expect(await wishOver(transport)).toBeUndefined();
  learnFrom(fakeUpload(1250 * MIB, GIB), transport);
  expect(await wishOver(transport)).toBe(32 * MIB);
  expect(await wishOver(other)).toBeUndefined();
  expect(await wishOver(transport, 16 * MIB)).toBe(16 * MIB);
});

test('a short upload says nothing of the link', async () => {
  const transport = { reportsProgress: true, mayHideHeaders: false, connectionsMax: 16 } as Transport;
  learnFrom(fakeUpload(1250 * MIB, 10 * MIB), transport);
  expect(await wishOver(transport)).toBeUndefined();
});

function fakeUpload(bytesPerSecond: number, confirmedBytes: number): Upload {
  const snapshot = () => ({ bytesPerSecond, confirmedBytes });
  return { result: Promise.resolve(), snapshot } as unknown as Upload;
}

/** What the coordinator is asked for. The upload ends there. */
async function wishOver(transport: Transport, partSize?: number): Promise<number | undefined> {
  let wish: number | undefined;
  const verbs = ['presignParts', 'listParts', 'complete', 'abort'];
  const controlPlane = {
    ...Object.fromEntries(verbs.map((verb) => [verb, () => Promise.reject(new Error('not asked'))])),
    initiate(request: { partSize: number | undefined }) {
      wish = request.partSize;
      return Promise.reject(new Error('that is all'));
    },
  } as unknown as ControlPlane;
  await uploadFile(path, { controlPlane, transport, key: 'k', partSize }).result.catch(() => undefined);
  return wish;
}
