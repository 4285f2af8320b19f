import { expect, test } from 'vitest';
import { UploadError, type UploadErrorCode } from '../../errors.ts';
import type { ControlPlane, InitiatedUpload } from '../../ports.ts';
import { getRejection } from '../../testing/conformance.ts';
import { createSeededRandom, createVirtualClock } from '../../testing/virtual-clock.ts';
import { createRetryingControlPlane } from './retrying-control-plane.ts';

const { signal } = new AbortController();
const file = { key: 'k', size: 1, partSize: undefined, object: {}, signal };
const upload: InitiatedUpload = {
  uploadToken: 'T',
  kind: 'multipart',
  bucket: 'b',
  key: 'k',
  uploadId: 'U',
  partSize: 102_400,
};

function failure(code: UploadErrorCode, disposition: UploadError['disposition'] = 'transient'): UploadError {
  return new UploadError({ code, message: 'failed', disposition });
}

/** Calls `use` with a retrying control plane over `verbs`. The virtual clock jumps over every delay. */
async function withRetries<T>(
  verbs: Partial<ControlPlane>,
  use: (plane: ControlPlane) => Promise<T>,
): Promise<T> {
  const clock = createVirtualClock(1000);
  const random = createSeededRandom(1);
  let isSettled = false;
  const result = use(createRetryingControlPlane(verbs as ControlPlane, { clock, random })).finally(() => {
    isSettled = true;
  });
  result.catch(() => undefined);
  while (!isSettled) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    if (!isSettled) clock.wakeNext();
  }
  return result;
}

test('a request is retried until it succeeds', async () => {
  let calls = 0;
  const listParts: ControlPlane['listParts'] = async () => {
    calls += 1;
    if (calls < 4) throw failure('throttled');
    return [];
  };
  expect(await withRetries({ listParts }, (plane) => plane.listParts({ uploadToken: 'T', signal }))).toEqual(
    [],
  );
  expect(calls).toBe(4);
});

test('a permanent failure is not retried, and names the request', async () => {
  let calls = 0;
  const abort: ControlPlane['abort'] = async () => {
    calls += 1;
    throw failure('token_refused', 'permanent');
  };
  const reason = await getRejection(
    withRetries({ abort }, (plane) => plane.abort({ uploadToken: 'T', signal })),
  );
  expect(reason).toMatchObject({ code: 'token_refused', context: { operation: 'abort' } });
  expect(calls).toBe(1);
});

test('a request without a response is exhausted in the end', async () => {
  const complete: ControlPlane['complete'] = () => new Promise(() => undefined);
  const reason = await getRejection(
    withRetries({ complete }, (plane) => plane.complete({ uploadToken: 'T', receipts: [], signal })),
  );
  expect(reason).toMatchObject({ code: 'network', disposition: 'exhausted' });
});

test('after a lost response to initiate, the next attempt carries its age', async () => {
  const ages: (number | undefined)[] = [];
  const initiate: ControlPlane['initiate'] = async ({ previousAttemptAgeMs }) => {
    ages.push(previousAttemptAgeMs);
    if (ages.length < 3) throw failure('network');
    return upload;
  };
  expect(await withRetries({ initiate }, (plane) => plane.initiate(file))).toEqual(upload);
  expect(ages[0]).toBeUndefined();
  expect(ages[1]).toBeGreaterThanOrEqual(0);
  expect(ages[2]).toBeGreaterThanOrEqual(ages[1] ?? Number.POSITIVE_INFINITY);
});

test('after a rejected initiate the next attempt carries no age', async () => {
  const ages: (number | undefined)[] = [];
  const initiate: ControlPlane['initiate'] = async ({ previousAttemptAgeMs }) => {
    ages.push(previousAttemptAgeMs);
    if (ages.length < 2) throw failure('throttled');
    return upload;
  };
  await withRetries({ initiate }, (plane) => plane.initiate(file));
  expect(ages).toEqual([undefined, undefined]);
});

test('after an abort and a lost response, initiate is repeated, for the caller to abort', async () => {
  const stop = new AbortController();
  let calls = 0;
  const initiate: ControlPlane['initiate'] = async () => {
    calls += 1;
    if (calls > 1) return upload;
    stop.abort();
    throw failure('network');
  };
  const request = { ...file, signal: stop.signal };
  expect(await withRetries({ initiate }, (plane) => plane.initiate(request))).toEqual(upload);
  expect(calls).toBe(2);
});

test('a wrong option throws at once', () => {
  expect(() => createRetryingControlPlane({} as ControlPlane, { retry: { attemptsMax: 0 } })).toThrow(
    RangeError,
  );
});
