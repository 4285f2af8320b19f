import type { Upload } from '@partway/core';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

// A sleeping machine, and a page with throttled timers: timers fire late.

const PART = 102_400;
const MINUTE = 60_000;
const bytes = new Uint8Array(3 * PART).fill(7);
/** At this rate a part takes 51 s, in 200 chunks. */
const slow = { kind: 'bandwidth', bytesPerSecond: 2000 } as const;

function start(harness: Harness): Upload {
  const source = createInMemorySource(bytes, { chunkSize: 512 });
  return harness.start(source, { partSize: PART, concurrency: 1 });
}

/** Advances time until the second part reports progress. */
async function waitForSecondPart(harness: Harness): Promise<void> {
  const isMoving = (): boolean =>
    harness.events.some(
      (event) => event.type === 'part-progress' && event.partNumber === 2 && event.sentBytes > 0,
    );
  while (!isMoving()) await harness.runUntilSettled(harness.clock.sleep(1000, new AbortController().signal));
}

function listRetryMessages({ events }: Harness): readonly string[] {
  return events.flatMap((event) => (event.type === 'retrying' ? [event.error.message] : []));
}

test('sleep of the machine for hours does not count as a stall [pain-27]', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', effect: slow });
  const { result } = start(harness);
  await waitForSecondPart(harness);
  harness.clock.jump(8 * MINUTE);
  await harness.runUntilSettled(result);
  expect(listRetryMessages(harness)).toEqual([]);
  expect(Buffer.from((await harness.model.object(BUCKET, KEY)?.bytes()) ?? [])).toEqual(Buffer.from(bytes));
});

test('a stalled part is detected although timers fire a minute late', async () => {
  const harness = createHarness();
  harness.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect: { kind: 'silent' } });
  const { result } = start(harness);
  const settling = harness.runUntilSettled(result);
  let wakeUps = 0;
  while (listRetryMessages(harness).length === 0 && wakeUps < 10) {
    wakeUps += 1;
    harness.clock.jump(MINUTE);
    await harness.runUntilSettled(harness.clock.sleep(MINUTE, new AbortController().signal));
  }
  await settling;
  expect(listRetryMessages(harness)).toEqual([expect.stringMatching(/stalled/)]);
  expect(wakeUps).toBeLessThan(4);
});
