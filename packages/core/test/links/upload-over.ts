import { type ControlPlane, combineCrc64, type UploadOptions } from '@partway/core';
import { createPartBody, planParts, type Source, startUpload } from '@partway/core/ports';
import { createSeededRandom, createVirtualClock } from '@partway/core/testing';
import { createLink, type LinkOptions } from './link.ts';

/** The result of an upload over a link. */
export interface LinkRun {
  readonly mibPerSecond: number;
  readonly refused: number;
  /** Per confirmed part, in order: the parts with progress but no confirmation, itself included. */
  readonly inFlight: readonly number[];
}

const MIB = 1024 ** 2;

/** Uploads `sizeMiB` over a new link, in virtual time. */
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
    openSource: async () => createZeroSource(sizeMiB * MIB),
    transport,
    controlPlane: createTrustingControlPlane(sizeMiB * MIB, partSize),
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
  let isSettled = false;
  const settled = upload.result.finally(() => {
    isSettled = true;
  });
  while (!isSettled) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isSettled) clock.wakeNext();
  }
  await settled;
  return {
    mibPerSecond: (sizeMiB / clock.now()) * 1000,
    refused: transport.refused(),
    inFlight,
  };
}

const CHUNK = new Uint8Array(256 * 1024);

function createZeroSource(size: number): Source {
  async function* read(bytes: number): AsyncGenerator<Uint8Array, void, void> {
    for (let rest = bytes; rest > 0; rest -= CHUNK.length) yield CHUNK.subarray(0, rest);
  }
  return {
    identity: 'zeros',
    size,
    fingerprint: () => Promise.resolve('zeros'),
    part: (_, partSize) => createPartBody({ size: partSize, read: () => read(partSize) }),
    close: () => Promise.resolve(),
  };
}

/** A control plane without OSS that accepts all receipts. */
function createTrustingControlPlane(size: number, partSize: number): ControlPlane {
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
