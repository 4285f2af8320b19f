import { expect, test } from 'vitest';
import { createSemaphore } from './semaphore.ts';

const never = new AbortController().signal;

test('turns are given in the order in which they were asked for, so many at once', async () => {
  const turns = createSemaphore(2);
  const order: string[] = [];
  const asked = ['a', 'b', 'c', 'd'].map(async (name) => {
    const leave = await turns.acquire(never);
    order.push(name);
    return leave;
  });
  const leaveFirst = await asked[0];
  await asked[1];
  expect([order, turns.taken(), turns.waiting()]).toEqual([['a', 'b'], 2, 2]);
  leaveFirst?.();
  await asked[2];
  expect([order, turns.taken(), turns.waiting()]).toEqual([['a', 'b', 'c'], 2, 1]);
});

test('more turns let in those who wait; fewer take none away', async () => {
  const turns = createSemaphore(1);
  const leave = await turns.acquire(never);
  const second = turns.acquire(never);
  const third = turns.acquire(never);
  turns.resize(2);
  await second;
  turns.resize(1);
  expect([turns.taken(), turns.waiting()]).toEqual([2, 1]);
  leave();
  expect([turns.taken(), turns.waiting()]).toEqual([1, 1]);
  (await second)();
  await third;
  expect([turns.taken(), turns.waiting()]).toEqual([1, 0]);
});

test('whoever gives up waiting leaves the queue, with the reason of the abort', async () => {
  const turns = createSemaphore(1);
  const leave = await turns.acquire(never);
  const stop = new AbortController();
  const reason = new Error('no more');
  const given = turns.acquire(stop.signal);
  const next = turns.acquire(never);
  stop.abort(reason);
  await expect(given).rejects.toBe(reason);
  await expect(turns.acquire(AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(turns.waiting()).toBe(1);
  leave();
  await next;
  expect(turns.taken()).toBe(1);
});
