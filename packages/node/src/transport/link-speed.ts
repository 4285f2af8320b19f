import type { Upload } from '@partway/core';
import type { Transport } from '@partway/core/ports';

const MIB = 1024 ** 2;
const PART_SIZE_MIN = 8 * MIB;
const PART_SIZE_MAX = 64 * MIB;
/** How long a part should take. The fixed CPU cost of a part is then spread over enough bytes. */
const PART_SECONDS = 2;
/** The number of parts in flight with which `concurrency: 'auto'` starts. */
const CONNECTIONS = 16;
/** A file in fewer parts would end with a few parts that are sent alone. */
const PARTS_MIN = 64;
/** A shorter upload measures the machine more than the link. */
const MEASURED_BYTES_MIN = 64 * MIB;

/**
 * The part size at which a part takes about two seconds on a link of this speed with 16 connections: 8, 16,
 * 32 or 64 MiB, and at most a 64th of the file, but never less than 8 MiB.
 */
export function choosePartSizeForSpeed(bytesPerSecond: number, size: number): number {
  const most = Math.min((bytesPerSecond / CONNECTIONS) * PART_SECONDS, size / PARTS_MIN, PART_SIZE_MAX);
  let partSize = PART_SIZE_MIN;
  while (partSize * 2 <= most) partSize *= 2;
  return partSize;
}

const speeds = new WeakMap<Transport, number>();

/** The preferred part size for a file of `size` bytes; `undefined` until an upload has measured the link. */
export function getPreferredPartSize(transport: Transport, size: number): number | undefined {
  const bytesPerSecond = speeds.get(transport);
  return bytesPerSecond === undefined ? undefined : choosePartSizeForSpeed(bytesPerSecond, size);
}

/** Stores the speed of the upload for the part size of the next one over the same transport. */
export function measureLinkSpeed(upload: Upload, transport: Transport): Upload {
  const storeSpeed = (): void => {
    const { bytesPerSecond, confirmedBytes } = upload.snapshot();
    if (bytesPerSecond !== undefined && confirmedBytes >= MEASURED_BYTES_MIN)
      speeds.set(transport, bytesPerSecond);
  };
  upload.result.then(storeSpeed, () => undefined);
  return upload;
}
