import { expect, test } from 'vitest';
import { UploadError } from '../errors.ts';
import type { ControlPlane, PresignedPart } from '../ports.ts';
import { resolveOptions } from '../resolve-options.ts';
import { createSeededRandom, createVirtualClock, type VirtualClock } from '../testing/virtual-clock.ts';
import { guardCheckpoints } from './checkpoints/checkpoint-guard.ts';
import { NO_PERMIT } from './concurrency/budget.ts';
import type { OpenedUpload } from './open-upload.ts';
import { createPresignedParts, type PresignedParts } from './presigned-parts.ts';
import { createOutage } from './resilience/retry.ts';

interface Window {
  readonly presigned: PresignedParts;
  readonly clock: VirtualClock;
  /** The part numbers of every call. */
  readonly batches: number[][];
  failNext(): void;
  omitNext(): void;
}

/** The URLs of its control plane are valid for 100 s and numbered by call. */
function openWindow({
  partCount = 20,
  concurrency = 3,
  given = 0,
  length = undefined as number | undefined,
} = {}): Window {
  const clock = createVirtualClock(0);
  const batches: number[][] = [];
  let isFailing = false;
  let isOmitting = false;
  const presignParts: ControlPlane['presignParts'] = async ({ partNumbers, sizes }) => {
    batches.push([...partNumbers]);
    if (isFailing) {
      isFailing = false;
      throw new UploadError({ code: 'network', message: 'connection lost', disposition: 'transient' });
    }
    const included = isOmitting ? [] : partNumbers;
    isOmitting = false;
    return included.map((partNumber, index) => {
      const size = sizes?.[index] ?? length;
      const headers = size === undefined ? {} : { 'content-length': String(size) };
      return { partNumber, url: `signed-${batches.length}`, headers, expiresInMs: 100_000 };
    });
  };
  const controlPlane = { presignParts } as unknown as ControlPlane;
  const ports = { clock, controlPlane, random: createSeededRandom(1) } as never;
  const { signal } = new AbortController();
  const options = resolveOptions({ key: 'k' });
  const checkpoints = guardCheckpoints(undefined, () => undefined);
  const runAtOnce = <T>(task: () => Promise<T>): Promise<T> => task();
  const limit = { run: runAtOnce, concurrency: () => concurrency, isIdle: () => false };
  const state = { permit: NO_PERMIT, lostInitiate: { since: undefined } };
  const outage = createOutage(
    { clock },
    () => false,
    () => undefined,
  );
  const reports = { emit: () => undefined, reportHiddenHeaders: () => undefined };
  const run = { ports, options, checkpoints, signal, limit, ...state, outage, ...reports };
  const upload: OpenedUpload = {
    uploadToken: 'T',
    kind: 'multipart',
    bucket: 'b',
    key: 'k',
    uploadId: 'U',
    partSize: 1,
    isResumed: false,
    presignedAt: clock.now(),
    presigned: numbersTo(given).map((partNumber) => {
      return { partNumber, url: 'signed-0', headers: {}, expiresInMs: 100_000 };
    }),
  };
  return {
    presigned: createPresignedParts(run, upload, numbersTo(partCount), signal),
    clock,
    batches,
    failNext: () => {
      isFailing = true;
    },
    omitNext: () => {
      isOmitting = true;
    },
  };
}

function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function takeAll(presigned: PresignedParts, ...partNumbers: number[]): Promise<PresignedPart[]> {
  return Promise.all(partNumbers.map((partNumber) => presigned.take({ partNumber, size: 1 }, false)));
}

test('parts are presigned in batches of twice the concurrency, each once [pain-1]', async () => {
  const { presigned, batches } = openWindow({ partCount: 14 });
  for (let partNumber = 1; partNumber <= 14; partNumber++) {
    expect((await presigned.take({ partNumber, size: 1 }, false)).partNumber).toBe(partNumber);
  }
  expect(batches).toEqual([
    [1, 2, 3, 4, 5, 6],
    [7, 8, 9, 10, 11, 12],
    [13, 14],
  ]);
});

test('parts taken at the same time share one call', async () => {
  const { presigned, batches } = openWindow();
  expect((await takeAll(presigned, 1, 2, 3)).map((part) => part.partNumber)).toEqual([1, 2, 3]);
  expect(batches).toHaveLength(1);
});

test('a part that is taken again is presigned again, alone', async () => {
  const { presigned, batches } = openWindow();
  const first = await presigned.take({ partNumber: 1, size: 1 }, false);
  const second = await presigned.take({ partNumber: 1, size: 1 }, false);
  expect(second.url).not.toBe(first.url);
  expect(batches).toEqual([[1, 2, 3, 4, 5, 6], [1]]);
});

test('a URL in the last fifth of its life is not used [pain-1]', async () => {
  const { presigned, clock, batches } = openWindow();
  await presigned.take({ partNumber: 1, size: 1 }, false);
  clock.advance(79_999);
  expect((await presigned.take({ partNumber: 2, size: 1 }, false)).url).toBe('signed-1');
  clock.advance(1);
  expect((await presigned.take({ partNumber: 3, size: 1 }, false)).url).toBe('signed-2');
  expect(batches).toEqual([[1, 2, 3, 4, 5, 6], [3]]);
});

test('a failed batch rejects all its parts, and the next attempt is presigned again', async () => {
  const { presigned, failNext } = openWindow();
  failNext();
  await expect(takeAll(presigned, 1, 2)).rejects.toMatchObject({ code: 'network' });
  expect((await presigned.take({ partNumber: 1, size: 1 }, false)).partNumber).toBe(1);
});

test('a part missing from the response is requested once more, and then rejects', async () => {
  const { presigned, batches, omitNext } = openWindow();
  omitNext();
  expect((await presigned.take({ partNumber: 1, size: 1 }, false)).partNumber).toBe(1);
  expect(batches).toEqual([[1, 2, 3, 4, 5, 6], [1]]);
  omitNext();
  await expect(presigned.take({ partNumber: 1, size: 1 }, false)).rejects.toMatchObject({
    code: 'malformed_response',
    retryable: true,
  });
});

test('the parts presigned by initiate are used first', async () => {
  const { presigned, clock, batches } = openWindow({ given: 4 });
  expect((await takeAll(presigned, 1, 2, 3)).map((part) => part.url)).toEqual([
    'signed-0',
    'signed-0',
    'signed-0',
  ]);
  expect(batches).toEqual([]);
  clock.advance(80_000);
  expect((await takeAll(presigned, 4, 5)).map((part) => part.url)).toEqual(['signed-2', 'signed-1']);
  expect(batches).toEqual([[5, 6, 7, 8, 9, 10], [4]]);
});

test('a part presigned with another size, such as the last of a stream, is presigned again', async () => {
  const { presigned, batches } = openWindow({ length: 8 });
  expect((await presigned.take({ partNumber: 1, size: 8 }, false)).url).toBe('signed-1');
  const short = await presigned.take({ partNumber: 2, size: 3 }, false);
  expect(short).toMatchObject({ url: 'signed-2', headers: { 'content-length': '3' } });
  expect(batches).toEqual([[1, 2, 3, 4, 5, 6], [2]]);
});
