import type { Upload } from '@partway/core';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

// A sleeping machine, and a page with throttled timers: timers fire late.

const PART = 102_400;
const MINUTE = 60_000;
const bytes = new Uint8Array(3 * PART).fill(7);
/** A part takes most of a minute, in 200 pieces. */
const slow = { kind: 'bandwidth', bytesPerSecond: 2000 } as const;

function start(harness: Harness): Upload {
  const source = createInMemorySource(bytes, { chunkSize: 512 });
  return harness.start(source, { partSize: PART, concurrency: 1 });
}

/** Advances time until the second part reports progress. */
async function halfWay(harness: Harness): Promise<void> {
  const isMoving = (): boolean =>
    harness.events.some(
      (event) => event.type === 'part-progress' && event.partNumber === 2 && event.sentBytes > 0,
    );
  while (!isMoving()) await harness.runUntilSettled(harness.clock.sleep(1000, new AbortController().signal));
}

function symptoms({ events }: Harness): readonly string[] {
  return events.flatMap((event) => (event.type === 'retrying' ? [event.error.message] : []));
}

test('the hours that a machine sleeps count for no stall clock [pain-27]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: slow });
  const { result } = start(harness);
  await halfWay(harness);
  harness.clock.oversleep(8 * MINUTE);
  await harness.runUntilSettled(result);
  expect(symptoms(harness)).toEqual([]);
  expect(Buffer.from((await harness.model.object(BUCKET, KEY)?.bytes()) ?? [])).toEqual(Buffer.from(bytes));
});

test('a stalled part is detected by a page with timers a minute late', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect: { kind: 'silent' } });
  const { result } = start(harness);
  const settling = harness.runUntilSettled(result);
  let looks = 0;
  while (symptoms(harness).length === 0 && looks < 10) {
    looks += 1;
    harness.clock.oversleep(MINUTE);
    await harness.runUntilSettled(harness.clock.sleep(MINUTE, new AbortController().signal));
  }
  await settling;
  expect(symptoms(harness)).toEqual([expect.stringMatching(/stalled/)]);
  expect(looks).toBeLessThan(4);
});
