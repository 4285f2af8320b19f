import { type ControlPlane, type Upload, UploadError } from '@partway/core';
import { startUpload, type UploadPorts } from '@partway/core/ports';
import { createInMemorySource, createSeededRandom } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { expectStored } from '../stages/assertions.ts';
import { createHarness, type Harness, KEY } from '../stages/harness.ts';

// A machine that reports whether it is online, as browsers do: `UploadPorts.isOnline`.

const PART = 102_400;
const MINUTE = 60_000;
const random = createSeededRandom(23);
const bytes = new Uint8Array(6 * PART + 1).map(() => random.next() * 256);

/** A harness with a network connection that can be interrupted. */
interface NetworkHarness {
  readonly harness: Harness;
  readonly ports: UploadPorts;
  /** From the next request on, all requests fail with `network`. */
  disconnect(): void;
  connect(): void;
}

function createNetworkHarness(): NetworkHarness {
  const harness = createHarness();
  const ports = harness.createPorts(createInMemorySource(bytes));
  let isOnline = true;
  const fail = (): Promise<never> =>
    Promise.reject(new UploadError({ code: 'network', message: 'no network', disposition: 'transient' }));
  const { controlPlane, transport } = ports;
  const overNetwork = <Request, Response>(send: (request: Request) => Promise<Response>) => {
    return (request: Request): Promise<Response> => (isOnline ? send(request) : fail());
  };
  const plane: ControlPlane = {
    initiate: overNetwork(controlPlane.initiate),
    presignParts: overNetwork(controlPlane.presignParts),
    listParts: overNetwork(controlPlane.listParts),
    complete: overNetwork(controlPlane.complete),
    abort: overNetwork(controlPlane.abort),
  };
  return {
    harness,
    ports: {
      ...ports,
      transport: { ...transport, put: overNetwork(transport.put) },
      controlPlane: plane,
      isOnline: () => isOnline,
    },
    disconnect() {
      isOnline = false;
    },
    connect() {
      isOnline = true;
    },
  };
}

/** Uploads one part after the other, with two attempts each. */
function start({ harness, ports }: NetworkHarness): Upload {
  const onEvent = harness.events.push.bind(harness.events);
  return startUpload(ports, {
    ...{ key: KEY, partSize: PART, concurrency: 1, retry: { attemptsMax: 2 } },
    onEvent: (event) => void onEvent(event),
  });
}

/** Advances time until the event is emitted. */
async function waitForEvent({ harness }: NetworkHarness, type: string): Promise<void> {
  const isEmitted = (): boolean => harness.events.some((event) => event.type === type);
  while (!isEmitted()) await harness.runUntilSettled(harness.clock.sleep(10, new AbortController().signal));
}

async function advance({ harness }: NetworkHarness, ms: number): Promise<void> {
  await harness.runUntilSettled(harness.clock.sleep(ms, new AbortController().signal));
}

function listNetworkEvents({ harness }: NetworkHarness): readonly string[] {
  return harness.events.map(({ type }) => type).filter((type) => type === 'offline' || type === 'online');
}

test.each(['part-confirmed', 'opened', 'completing'])(
  'an upload offline for an hour after %s continues when the network is back',
  async (moment) => {
    const network = createNetworkHarness();
    const upload = start(network);
    const unsubscribe = upload.subscribe(({ type }) => {
      if (type !== moment) return;
      unsubscribe();
      network.disconnect();
    });
    await waitForEvent(network, 'offline');
    expect(upload.snapshot()).toMatchObject({ isOffline: true, error: undefined });
    await advance(network, 60 * MINUTE);
    const { confirmedBytes } = upload.snapshot();
    network.connect();
    await network.harness.runUntilSettled(upload.result);
    expect(upload.snapshot()).toMatchObject({ phase: 'completed', isOffline: false });
    expect(confirmedBytes % PART).toBe(moment === 'completing' ? 1 : 0);
    // Each waiting request probes once a minute, and none waits at the end.
    expect(listNetworkEvents(network).length).toBeGreaterThan(100);
    expect(listNetworkEvents(network)).toEqual(
      listNetworkEvents(network).map((_, index) => (index % 2 === 0 ? 'offline' : 'online')),
    );
    await expectStored(network.harness, bytes);
  },
);

test('an upload started while offline starts when the network is back [pain-27]', async () => {
  const network = createNetworkHarness();
  network.disconnect();
  const upload = start(network);
  await advance(network, 10 * MINUTE);
  expect(upload.snapshot()).toMatchObject({ phase: 'opening', isOffline: true });
  network.connect();
  await network.harness.runUntilSettled(upload.result);
  await expectStored(network.harness, bytes);
});

test('an upload continues within a second after an outage of any length', async () => {
  const network = createNetworkHarness();
  network.disconnect();
  const upload = start(network);
  await advance(network, 30 * MINUTE);
  network.connect();
  const connectedAt = network.harness.clock.now();
  await waitForEvent(network, 'opened');
  expect(network.harness.clock.now() - connectedAt).toBeLessThanOrEqual(1000);
  await network.harness.runUntilSettled(upload.result);
});

test('a machine that wrongly reports offline does not delay the upload', async () => {
  const network = createNetworkHarness();
  const upload = startUpload({ ...network.ports, isOnline: () => false }, { key: KEY, partSize: PART });
  await network.harness.runUntilSettled(upload.result);
  await expectStored(network.harness, bytes);
});

test('a failure with a response is not treated as offline', async () => {
  const network = createNetworkHarness();
  network.harness.faults.add({
    operation: 'UploadPart',
    partNumber: 3,
    effect: { kind: 'refuse', status: 500, code: 'InternalError' },
  });
  const ports = { ...network.ports, isOnline: () => false };
  const upload = startUpload(ports, { key: KEY, partSize: PART, retry: { attemptsMax: 2 } });
  await expect(network.harness.runUntilSettled(upload.result)).rejects.toMatchObject({
    code: 'server_error',
    disposition: 'exhausted',
  });
});

test('pause while offline pauses, and resume continues', async () => {
  const network = createNetworkHarness();
  network.disconnect();
  const upload = start(network);
  await waitForEvent(network, 'offline');
  upload.pause();
  await waitForEvent(network, 'paused');
  expect(upload.snapshot()).toMatchObject({ phase: 'paused', isOffline: false });
  expect(network.harness.events.at(-1)?.type).toBe('paused');
  network.connect();
  await advance(network, MINUTE);
  expect(upload.snapshot().phase).toBe('paused');
  upload.resume();
  await network.harness.runUntilSettled(upload.result);
  await expectStored(network.harness, bytes);
});

test('abort during Complete while offline waits for the network and reports the outcome', async () => {
  const network = createNetworkHarness();
  const upload = start(network);
  upload.subscribe(({ type }) => type === 'completing' && network.disconnect());
  await waitForEvent(network, 'offline');
  const aborted = upload.abort();
  await advance(network, 60 * MINUTE);
  expect(upload.snapshot()).toMatchObject({ phase: 'completing', isOffline: true });
  network.connect();
  await network.harness.runUntilSettled(aborted);
  expect(upload.snapshot().phase).toBe('completed');
  await expectStored(network.harness, bytes);
});

test('abort during an unanswered Initiate rejects with `aborted` and reports a possible leftover', async () => {
  const network = createNetworkHarness();
  network.disconnect();
  const upload = start(network);
  await waitForEvent(network, 'offline');
  await network.harness.runUntilSettled(upload.abort());
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(network.harness.events.map(({ type }) => type)).toContain('cleanup-failed');
});

test('abort while offline does not wait for the network and reports a possible leftover', async () => {
  const network = createNetworkHarness();
  const upload = start(network);
  upload.subscribe(({ type }) => type === 'opened' && network.disconnect());
  await waitForEvent(network, 'offline');
  const abortedAt = network.harness.clock.now();
  const aborted = upload.abort();
  await network.harness.runUntilSettled(aborted);
  expect(network.harness.clock.now() - abortedAt).toBeLessThan(MINUTE);
  await expect(upload.result).rejects.toMatchObject({ code: 'aborted' });
  expect(network.harness.events.map(({ type }) => type)).toContain('cleanup-failed');
});
