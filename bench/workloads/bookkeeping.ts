// An upload of 10,000 parts through ports that respond at once: only the engine remains. Run it with
// --expose-gc.
import { setImmediate as nextIteration } from 'node:timers/promises';
import { type ControlPlane, combineCrc64, type UploadEvent } from '@partway/core';
import {
  createInMemoryCheckpoints,
  type PartBody,
  planParts,
  type Receipt,
  type Source,
  startUpload,
  systemClock,
  systemRandom,
  type Transport,
} from '@partway/core/ports';
import { importInternalModule } from '../internals.ts';
import { cpuSecondsSince } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

/** `plan`: plan, receipts and snapshot only. `ports`: the ports in a loop, without the engine. */
export type BookkeepingTask = 'plan' | 'ports' | 'engine';

export interface BookkeepingResult {
  readonly cpuMs: number;
  /** Bytes of heap in use when all parts are confirmed. */
  readonly heapBytes: number;
}

const PART_COUNT = 10_000;
const PART_SIZE = 100 * 1024;
const CONCURRENCY = 8;
const CRC64 = '1';

serveTasks(async (task: BookkeepingTask): Promise<BookkeepingResult> => {
  const run = { plan: await createPlanRun(), ports: runPorts, engine: runEngine }[task];
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const start = process.cpuUsage();
  let result: BookkeepingResult | undefined;
  await run(() => {
    const cpuMs = cpuSecondsSince(start) * 1000;
    globalThis.gc?.();
    result = { cpuMs, heapBytes: process.memoryUsage().heapUsed - heapBefore };
  });
  if (result === undefined) throw new Error('the upload has not confirmed its parts');
  return result;
});

/** Calls back while all objects are still referenced. */
type Run = (atEnd: () => void) => Promise<void>;

interface Snapshots {
  createSnapshotFold(): { add(event: UploadEvent): void; snapshot(): { readonly partsConfirmed: number } };
}

async function createPlanRun(): Promise<Run> {
  const { createSnapshotFold } = await importInternalModule<Snapshots>('upload/progress/snapshot.js');
  return async (atEnd) => {
    const fold = createSnapshotFold();
    const receipts: Receipt[] = [];
    const parts = planParts(PART_COUNT * PART_SIZE, PART_SIZE);
    for (const { partNumber, size } of parts) {
      const at = partNumber;
      fold.add({ type: 'part-progress', partNumber, sentBytes: size, at });
      fold.add({ type: 'part-confirmed', partNumber, size, crc64: CRC64, at });
      receipts.push({ partNumber, size, crc64: CRC64 });
    }
    if (fold.snapshot().partsConfirmed !== receipts.length) throw new Error('the snapshot has lost parts');
    atEnd();
  };
}

const BODY: PartBody = {
  size: PART_SIZE,
  async *chunks() {},
  crc64: () => Promise.resolve(CRC64),
};

const TRANSPORT: Transport = {
  reportsProgress: true,
  mayHideHeaders: false,
  connectionsMax: CONCURRENCY,
  async put({ onProgress }) {
    onProgress(PART_SIZE);
    // One iteration of the event loop, like a real response: weak references are kept until its end.
    await nextIteration();
    return { status: 200, headers: { 'x-oss-hash-crc64ecma': CRC64 }, body: '' };
  },
};

const SOURCE: Source = {
  identity: 'memory',
  size: PART_COUNT * PART_SIZE,
  fingerprint: () => Promise.resolve('memory'),
  part: () => BODY,
  close: () => Promise.resolve(),
};

const UPLOAD = { uploadToken: 'token', kind: 'multipart', bucket: 'bench', key: 'k', uploadId: 'u' } as const;

const CONTROL_PLANE: ControlPlane = {
  initiate: () => Promise.resolve({ ...UPLOAD, partSize: PART_SIZE }),
  presignParts: ({ partNumbers }) =>
    Promise.resolve(
      partNumbers.map((partNumber) => {
        const url = `https://bench.example/k?partNumber=${partNumber}`;
        return { partNumber, url, headers: {}, expiresInMs: 900_000 };
      }),
    ),
  listParts: () => Promise.resolve([]),
  complete: async ({ receipts }) => {
    const crc64 = combineCrc64(receipts);
    return { bucket: 'bench', key: 'k', size: PART_COUNT * PART_SIZE, crc64, etag: 'e', requestId: 'r' };
  },
  abort: () => Promise.resolve(),
};

const runPorts: Run = async (atEnd) => {
  const { signal } = new AbortController();
  let next = 1;
  const sendNext = async (): Promise<void> => {
    while (next <= PART_COUNT) {
      const partNumbers = [next++];
      const request = { uploadToken: 'token', partNumbers, afterRefusal: false, signal };
      const [{ url, headers } = { url: '', headers: {} }] = await CONTROL_PLANE.presignParts(request);
      await TRANSPORT.put({
        url,
        headers,
        body: SOURCE.part(0, PART_SIZE),
        onProgress: () => undefined,
        signal,
      });
      await BODY.crc64(signal);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sendNext));
  atEnd();
};

const runEngine: Run = async (atEnd) => {
  const upload = startUpload(
    {
      openSource: () => Promise.resolve(SOURCE),
      transport: TRANSPORT,
      controlPlane: CONTROL_PLANE,
      checkpoints: createInMemoryCheckpoints(),
      clock: systemClock,
      random: systemRandom,
    },
    {
      key: 'k',
      partSize: PART_SIZE,
      concurrency: CONCURRENCY,
      onEvent: ({ type }) => {
        if (type === 'completing') atEnd();
      },
    },
  );
  await upload.result;
};
