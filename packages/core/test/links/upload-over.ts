import { type ControlPlane, combineCrc64, type UploadOptions } from '@partway/core';
import { createPartBody, planParts, type Source, startUpload } from '@partway/core/ports';
import { createSeededRandom, createVirtualClock } from '@partway/core/testing';
import { createLink, type LinkOptions } from './link.ts';

/** The result of an upload over a link. */
export interface LinkRun {
  readonly mibPerSecond: number;
  readonly refused: number;
  /** Parts that were moving when one of them was confirmed, itself included. */
  readonly inFlight: readonly number[];
}

const MIB = 1024 ** 2;

/** Uploads so many MiB over a new link, in virtual time. */
export async function uploadOver(
  link: LinkOptions,
  { sizeMiB = 128, partMiB = 4, ...options }: Partial<UploadOptions> & { sizeMiB?: number; partMiB?: number },
): Promise<LinkRun> {
  const clock = createVirtualClock(0);
  const random = createSeededRandom(42);
  const transport = createLink(link, clock, random.next);
  const inFlight: number[] = [];
  const partSize = partMiB * MIB;
  const ports = {
    openSource: async () => sourceOf(sizeMiB * MIB),
    transport,
    controlPlane: controlPlaneOf(sizeMiB * MIB, partSize),
    checkpoints: undefined,
    clock,
    random,
  };
  const upload = startUpload(ports, { key: 'key', partSize, ...options });
  const moving = new Set<number>();
  upload.subscribe((event) => {
    if (event.type === 'part-progress') moving.add(event.partNumber);
    if (event.type === 'part-confirmed') {
      inFlight.push(moving.size);
      moving.delete(event.partNumber);
    }
  });
  let isOver = false;
  const over = upload.result.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isOver) clock.wakeNext();
  }
  await over;
  return {
    mibPerSecond: (sizeMiB / clock.now()) * 1000,
    refused: transport.refused(),
    inFlight,
  };
}

const CHUNK = new Uint8Array(256 * 1024);

function sourceOf(size: number): Source {
  async function* read(bytes: number): AsyncGenerator<Uint8Array, void, void> {
    for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
  }
  return {
    identity: 'zeros',
    size,
    fingerprint: () => Promise.resolve('zeros'),
    part: (_, partSize) => createPartBody({ size: partSize, read: () => read(partSize) }),
    close: () => Promise.resolve(),
  };
}

/** A coordinator in memory that believes its receipts. */
function controlPlaneOf(size: number, partSize: number): ControlPlane {
  const upload = { uploadToken: 'token', kind: 'multipart', bucket: 'media', key: 'key' } as const;
  return {
    initiate: async () => ({ ...upload, uploadId: 'A', partSize }),
    presignParts: async ({ partNumbers }) =>
      partNumbers.map((partNumber) => ({
        partNumber,
        url: `https://oss/${partNumber}`,
        headers: {},
        expiresInMs: 900_000,
      })),
    listParts: async () => [],
    complete: async ({ receipts }) => {
      if (receipts.length !== planParts(size, partSize).length) throw new Error('a part is missing');
      return { bucket: 'media', key: 'key', size, crc64: combineCrc64(receipts), etag: 'E', requestId: 'R' };
    },
    abort: async () => undefined,
  };
}
