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

/** What `begin` makes of a patient plane over `verbs`, under a clock that jumps to whoever sleeps. */
async function during<T>(
  verbs: Partial<ControlPlane>,
  begin: (plane: ControlPlane) => Promise<T>,
): Promise<T> {
  const clock = createVirtualClock(1000);
  const random = createSeededRandom(1);
  let isOver = false;
  const over = begin(createRetryingControlPlane(verbs as ControlPlane, { clock, random })).finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (!isOver) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    if (!isOver) clock.wakeNext();
  }
  return over;
}

test('a verb is asked again until it is answered', async () => {
  let asked = 0;
  const listParts: ControlPlane['listParts'] = async () => {
    asked += 1;
    if (asked < 4) throw failure('throttled');
    return [];
  };
  expect(await during({ listParts }, (plane) => plane.listParts({ uploadToken: 'T', signal }))).toEqual([]);
  expect(asked).toBe(4);
});

test('what fails for good is not asked again, and says which verb it was', async () => {
  let asked = 0;
  const abort: ControlPlane['abort'] = async () => {
    asked += 1;
    throw failure('token_refused', 'permanent');
  };
  const reason = await getRejection(during({ abort }, (plane) => plane.abort({ uploadToken: 'T', signal })));
  expect(reason).toMatchObject({ code: 'token_refused', context: { operation: 'abort' } });
  expect(asked).toBe(1);
});

test('a verb that is never answered ends', async () => {
  const complete: ControlPlane['complete'] = () => new Promise(() => undefined);
  const reason = await getRejection(
    during({ complete }, (plane) => plane.complete({ uploadToken: 'T', receipts: [], signal })),
  );
  expect(reason).toMatchObject({ code: 'network', disposition: 'exhausted' });
});

test('an initiation whose answer was lost is told to the next one, with how long ago', async () => {
  const told: (number | undefined)[] = [];
  const initiate: ControlPlane['initiate'] = async ({ previousAttemptAgeMs }) => {
    told.push(previousAttemptAgeMs);
    if (told.length < 3) throw failure('network');
    return upload;
  };
  expect(await during({ initiate }, (plane) => plane.initiate(file))).toEqual(upload);
  expect(told[0]).toBeUndefined();
  expect(told[1]).toBeGreaterThanOrEqual(0);
  expect(told[2]).toBeGreaterThanOrEqual(told[1] ?? Number.POSITIVE_INFINITY);
});

test('an initiation that was refused has begun nothing', async () => {
  const told: (number | undefined)[] = [];
  const initiate: ControlPlane['initiate'] = async ({ previousAttemptAgeMs }) => {
    told.push(previousAttemptAgeMs);
    if (told.length < 2) throw failure('throttled');
    return upload;
  };
  await during({ initiate }, (plane) => plane.initiate(file));
  expect(told).toEqual([undefined, undefined]);
});

test('an initiation that is aborted when its answer was lost is found again, for the caller to abort', async () => {
  const stop = new AbortController();
  let asked = 0;
  const initiate: ControlPlane['initiate'] = async () => {
    asked += 1;
    if (asked > 1) return upload;
    stop.abort();
    throw failure('network');
  };
  const request = { ...file, signal: stop.signal };
  expect(await during({ initiate }, (plane) => plane.initiate(request))).toEqual(upload);
  expect(asked).toBe(2);
});

test('a wrong option is told at once', () => {
  expect(() => createRetryingControlPlane({} as ControlPlane, { retry: { attemptsMax: 0 } })).toThrow(
    RangeError,
  );
});
