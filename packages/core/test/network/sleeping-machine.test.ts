import type { Upload } from '@partway/core';
import { createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createWorld, KEY, type World } from '../stages/world.ts';

// A sleeping machine, and a page with throttled timers: timers fire late.

const PART = 102_400;
const MINUTE = 60_000;
const bytes = new Uint8Array(3 * PART).fill(7);
/** A part takes most of a minute, in 200 pieces. */
const slow = { kind: 'bandwidth', bytesPerSecond: 2000 } as const;

function start(world: World): Upload {
  const source = createInMemorySource(bytes, { chunkSize: 512 });
  return world.start(source, { partSize: PART, concurrency: 1 });
}

/** Advances time until the second part reports progress. */
async function halfWay(world: World): Promise<void> {
  const isMoving = (): boolean =>
    world.events.some(
      (event) => event.type === 'part-progress' && event.partNumber === 2 && event.sentBytes > 0,
    );
  while (!isMoving()) await world.settled(world.clock.sleep(1000, new AbortController().signal));
}

function symptoms({ events }: World): readonly string[] {
  return events.flatMap((event) => (event.type === 'retrying' ? [event.error.message] : []));
}

test('the hours that a machine sleeps count for no stall clock [pain-27]', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', effect: slow });
  const { result } = start(world);
  await halfWay(world);
  world.clock.oversleep(8 * MINUTE);
  await world.settled(result);
  expect(symptoms(world)).toEqual([]);
  expect(Buffer.from((await world.model.object(BUCKET, KEY)?.bytes()) ?? [])).toEqual(Buffer.from(bytes));
});

test('a stalled part is detected by a page with timers a minute late', async () => {
  const world = createWorld();
  world.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect: { kind: 'silent' } });
  const { result } = start(world);
  const settling = world.settled(result);
  let looks = 0;
  while (symptoms(world).length === 0 && looks < 10) {
    looks += 1;
    world.clock.oversleep(MINUTE);
    await world.settled(world.clock.sleep(MINUTE, new AbortController().signal));
  }
  await settling;
  expect(symptoms(world)).toEqual([expect.stringMatching(/stalled/)]);
  expect(looks).toBeLessThan(4);
});
