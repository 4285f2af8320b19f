import { expect } from 'vitest';
import { BUCKET, type Harness, KEY } from './harness.ts';

/** Whether the object under the key consists of these bytes. */
export async function isStored({ model }: Harness, content: Uint8Array, key = KEY): Promise<boolean> {
  const stored = await model.object(BUCKET, key)?.bytes();
  return stored !== undefined && Buffer.compare(stored, content) === 0;
}

/** Expects these bytes under the key, and no unfinished upload in OSS. */
export async function expectStored(harness: Harness, content: Uint8Array, key = KEY): Promise<void> {
  expect(await isStored(harness, content, key)).toBe(true);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
}

/** Expects neither an object nor an unfinished upload in OSS. */
export function expectNothingLeft({ model }: Harness): void {
  expect(model.object(BUCKET, KEY)).toBeUndefined();
  expect(model.uploads(BUCKET)).toEqual([]);
}

/** Requests of an operation to OSS: `UploadPart` counts all parts, `UploadPart 2` one of them. */
export function countRequests({ operations }: Harness, name: string): number {
  return operations.filter((operation) => operation === name || operation.startsWith(`${name} `)).length;
}

/** The parts that were sent, in order: `UploadPart 1`. */
export function listSentParts({ operations }: Harness): string[] {
  return operations.filter((name) => name.startsWith('UploadPart'));
}
