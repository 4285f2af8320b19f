import type { Upload, UploadOptions } from '@partway/core';
import type { Source } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect } from 'vitest';
import { expectStored } from '../stages/assertions.ts';
import type { Harness } from '../stages/harness.ts';

export const PART = 102_400;
const random = createSeededRandom(3);
/** Six parts, the last one of one byte. */
export const bytes: Uint8Array<ArrayBuffer> = new Uint8Array(5 * PART + 1).map(() => random.next() * 256);

/** Starts a resumable upload with one part in flight. */
export function startResumable(
  harness: Harness,
  options: Partial<UploadOptions> = {},
  source: Source = createInMemorySource(bytes),
): Upload {
  return harness.start(source, { partSize: PART, concurrency: 1, ...options }, true);
}

/** Uploads three parts and fails with `network`: the checkpoint and the parts remain for a resume. */
export async function interrupt(harness: Harness): Promise<void> {
  const fault = harness.faults.add({
    operation: 'UploadPart',
    partNumber: 4,
    effect: { kind: 'resetAfterBytes', bytes: 1 },
  });
  const failing = harness.runUntilSettled(startResumable(harness, { retry: { attemptsMax: 2 } }).result);
  await expect(failing).rejects.toMatchObject({ code: 'network', disposition: 'exhausted' });
  fault.remove();
  harness.operations.length = 0;
}

/** Expects the object in OSS, and no checkpoint. */
export async function expectCompleted(harness: Harness, content: Uint8Array = bytes): Promise<void> {
  await expectStored(harness, content);
  expect(await harness.checkpoints.list()).toEqual([]);
}
