import { expect, test } from 'vitest';
import { createSemaphore } from './semaphore.ts';

const never = new AbortController().signal;

test('permits are granted in the order of acquisition, at most so many at once', async () => {
  const semaphore = createSemaphore(2);
  const order: string[] = [];
  const acquired = ['a', 'b', 'c', 'd'].map(async (name) => {
    const release = await semaphore.acquire(never);
    order.push(name);
    return release;
  });
  const releaseFirst = await acquired[0];
  await acquired[1];
  expect([order, semaphore.used(), semaphore.waiting()]).toEqual([['a', 'b'], 2, 2]);
  releaseFirst?.();
  await acquired[2];
  expect([order, semaphore.used(), semaphore.waiting()]).toEqual([['a', 'b', 'c'], 2, 1]);
});

test('more permits serve waiting callers; fewer revoke none', async () => {
  const semaphore = createSemaphore(1);
  const release = await semaphore.acquire(never);
  const second = semaphore.acquire(never);
  const third = semaphore.acquire(never);
  semaphore.resize(2);
  await second;
  semaphore.resize(1);
  expect([semaphore.used(), semaphore.waiting()]).toEqual([2, 1]);
  release();
  expect([semaphore.used(), semaphore.waiting()]).toEqual([1, 1]);
  (await second)();
  await third;
  expect([semaphore.used(), semaphore.waiting()]).toEqual([1, 0]);
});

test('an abort removes a waiting caller and rejects with its reason', async () => {
  const semaphore = createSemaphore(1);
  const release = await semaphore.acquire(never);
  const stop = new AbortController();
  const reason = new Error('no more');
  const aborted = semaphore.acquire(stop.signal);
  const next = semaphore.acquire(never);
  stop.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  await expect(semaphore.acquire(AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(semaphore.waiting()).toBe(1);
  release();
  await next;
  expect(semaphore.used()).toBe(1);
});
