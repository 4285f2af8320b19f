import { type ControlPlane, type Upload, UploadError } from '@partway/core';
import { startUpload, type UploadPorts } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, createHarness, type Harness, KEY } from '../stages/harness.ts';

// A machine that reports whether it is online, as browsers do: `UploadPorts.isOnline`.

const PART = 102_400;
const MINUTE = 60_000;
const random = createSeededRandom(23);
const bytes = new Uint8Array(6 * PART + 1).map(() => random.next() * 256);

/** A harness with a cable to be pulled out. */
interface Wire {
  readonly harness: Harness;
  readonly ports: UploadPorts;
  /** From the next request on nothing comes through. */
  pull(): void;
  plugIn(): void;
}

function wired(): Wire {
  const harness = createHarness();
  const ports = harness.createPorts(createInMemorySource(bytes));
  let isOnline = true;
  const lost = (): Promise<never> =>
    Promise.reject(new UploadError({ code: 'network', message: 'no network', disposition: 'transient' }));
  const { controlPlane, transport } = ports;
  const over = <Request, Answer>(ask: (request: Request) => Promise<Answer>) => {
    return (request: Request): Promise<Answer> => (isOnline ? ask(request) : lost());
  };
  const plane: ControlPlane = {
    initiate: over(controlPlane.initiate),
    presignParts: over(controlPlane.presignParts),
    listParts: over(controlPlane.listParts),
    complete: over(controlPlane.complete),
    abort: over(controlPlane.abort),
  };
  return {
    harness,
    ports: {
      ...ports,
      transport: { ...transport, put: over(transport.put) },
      controlPlane: plane,
      isOnline: () => isOnline,
    },
    pull() {
      isOnline = false;
    },
    plugIn() {
      isOnline = true;
    },
  };
}

/** Uploads one part after the other, with two attempts each. */
function start({ harness, ports }: Wire): Upload {
  const onEvent = harness.events.push.bind(harness.events);
  return startUpload(ports, {
    ...{ key: KEY, partSize: PART, concurrency: 1, retry: { attemptsMax: 2 } },
    onEvent: (event) => void onEvent(event),
  });
}

/** Advances time until the event is emitted. */
async function heard({ harness }: Wire, type: string): Promise<void> {
  const isTold = (): boolean => harness.events.some((event) => event.type === type);
  while (!isTold()) await harness.runUntilSettled(harness.clock.sleep(10, new AbortController().signal));
}

async function pass({ harness }: Wire, ms: number): Promise<void> {
  await harness.runUntilSettled(harness.clock.sleep(ms, new AbortController().signal));
}

function tales({ harness }: Wire): readonly string[] {
  return harness.events.map(({ type }) => type).filter((type) => type === 'offline' || type === 'online');
}

async function expectStored({ harness }: Wire): Promise<void> {
  const stored = await harness.model.object(BUCKET, KEY)?.bytes();
  expect(stored !== undefined && Buffer.compare(stored, bytes) === 0).toBe(true);
  expect(harness.model.uploads(BUCKET)).toEqual([]);
}

test.each(['part-confirmed', 'opened', 'completing'])(
  'an upload offline for an hour after %s continues when the network is back',
  async (moment) => {
    const wire = wired();
    const upload = start(wire);
    const unsubscribe = upload.subscribe(({ type }) => {
      if (type !== moment) return;
      unsubscribe();
      wire.pull();
    });
    await heard(wire, 'offline');
    expect(upload.snapshot()).toMatchObject({ isOffline: true, error: undefined });
    await pass(wire, 60 * MINUTE);
    const { confirmedBytes } = upload.snapshot();
    wire.plugIn();
    await wire.harness.runUntilSettled(upload.result);
    expect(upload.snapshot()).toMatchObject({ phase: 'completed', isOffline: false });
    expect(confirmedBytes % PART).toBe(moment === 'completing' ? 1 : 0);
    // Each waiting request probes once a minute, and none waits at the end.
    expect(tales(wire).length).toBeGreaterThan(100);
    expect(tales(wire)).toEqual(tales(wire).map((_, index) => (index % 2 === 0 ? 'offline' : 'online')));
    await expectStored(wire);
  },
);

test('an upload that begins without a network begins when there is one [pain-27]', async () => {
  const wire = wired();
  wire.pull();
  const upload = start(wire);
  await pass(wire, 10 * MINUTE);
  expect(upload.snapshot()).toMatchObject({ phase: 'opening', isOffline: true });
  wire.plugIn();
  await wire.harness.runUntilSettled(upload.result);
  await expectStored(wire);
});

test('an upload continues within a second of the network, for any length of the outage', async () => {
  const wire = wired();
  wire.pull();
  const upload = start(wire);
  await pass(wire, 30 * MINUTE);
  wire.plugIn();
  const pluggedInAt = wire.harness.clock.now();
  await heard(wire, 'opened');
  expect(wire.harness.clock.now() - pluggedInAt).toBeLessThanOrEqual(1000);
  await wire.harness.runUntilSettled(upload.result);
});

test('a machine that wrongly reports offline does not delay the upload', async () => {
  const wire = wired();
  const upload = startUpload({ ...wire.ports, isOnline: () => false }, { key: KEY, partSize: PART });
  await wire.harness.runUntilSettled(upload.result);
  await expectStored(wire);
});

test('a failure with a response is not treated as offline', async () => {
  const wire = wired();
  wire.harness.faults.add({
    operation: 'UploadPart',
    partNumber: 3,
    effect: { kind: 'refuse', status: 500, code: 'InternalError' },
  });
  const ports = { ...wire.ports, isOnline: () => false };
  const upload = startUpload(ports, { key: KEY, partSize: PART, retry: { attemptsMax: 2 } });
  await expect(wire.harness.runUntilSettled(upload.result)).rejects.toMatchObject({
    code: 'server_error',
    disposition: 'exhausted',
  });
});

test('pause while offline pauses, and resume continues', async () => {
  const wire = wired();
  wire.pull();
  const upload = start(wire);
  await heard(wire, 'offline');
  upload.pause();
  await heard(wire, 'paused');
  expect(upload.snapshot()).toMatchObject({ phase: 'paused', isOffline: false });
  expect(wire.harness.events.at(-1)?.type).toBe('paused');
  wire.plugIn();
  await pass(wire, MINUTE);
  expect(upload.snapshot().phase).toBe('paused');
  upload.resume();
  await wire.harness.runUntilSettled(upload.result);
  await expectStored(wire);
});

test('abort during Complete while offline waits for the network and reports the outcome', async () => {
  const wire = wired();
  const upload = start(wire);
  upload.subscribe(({ type }) => type === 'completing' && wire.pull());
  await heard(wire, 'offline');
  const aborted = upload.abort();
  await pass(wire, 60 * MINUTE);
  expect(upload.snapshot()).toMatchObject({ phase: 'completing', isOffline: true });
  wire.plugIn();
  await wire.harness.runUntilSettled(aborted);
  expect(upload.snapshot().phase).toBe('completed');
  await expectStored(wire);
});

test('abort during an unanswered Initiate rejects with `aborted` and reports a possible leftover', async () => {
  const wire = wired();
  wire.pull();
  const upload = start(wire);
  await heard(wire, 'offline');
  await wire.harness.runUntilSettled(upload.abort());
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(wire.harness.events.map(({ type }) => type)).toContain('cleanup-failed');
});

test('abort while offline does not wait for the network and reports a possible leftover', async () => {
  const wire = wired();
  const upload = start(wire);
  upload.subscribe(({ type }) => type === 'opened' && wire.pull());
  await heard(wire, 'offline');
  const abortedAt = wire.harness.clock.now();
  const aborted = upload.abort();
  await wire.harness.runUntilSettled(aborted);
  expect(wire.harness.clock.now() - abortedAt).toBeLessThan(MINUTE);
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(wire.harness.events.map(({ type }) => type)).toContain('cleanup-failed');
});
