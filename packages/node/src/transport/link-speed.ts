import type { Upload } from '@partway/core';
import type { Transport } from '@partway/core/ports';

const MIB = 1024 ** 2;
const PART_SIZE_MIN = 8 * MIB;
const PART_SIZE_MAX = 64 * MIB;
/** Below this a part costs more CPU than it need: what a part costs by itself is spread over few bytes. */
const SECONDS_WANTED = 2;
/** What `auto` begins with. */
const CONNECTIONS = 16;
/** Fewer parts, and the last ones would run alone for long. */
const PARTS_WANTED_MIN = 64;
/** A shorter upload says more of the machine than of the link. */
const BYTES_TELLING = 64 * MIB;

/**
 * The part size at which a part takes about two seconds on a link that carries so many bytes a second in 16
 * connections: 8, 16, 32 or 64 MiB, and no more than a 64th of the file, but for 8 MiB.
 */
export function partSizeAt(bytesPerSecond: number, size: number): number {
  const most = Math.min(
    (bytesPerSecond / CONNECTIONS) * SECONDS_WANTED,
    size / PARTS_WANTED_MIN,
    PART_SIZE_MAX,
  );
  let partSize = PART_SIZE_MIN;
  while (partSize * 2 <= most) partSize *= 2;
  return partSize;
}

const speeds = new WeakMap<Transport, number>();

/** The part size to wish for: `undefined` while nothing is known of the link. */
export function preferredPartSize(transport: Transport, size: number): number | undefined {
  const bytesPerSecond = speeds.get(transport);
  return bytesPerSecond === undefined ? undefined : partSizeAt(bytesPerSecond, size);
}

/** Remembers how fast an upload was: the next one over the same transport is cut accordingly. */
export function learnFrom(upload: Upload, transport: Transport): Upload {
  const learn = (): void => {
    const { bytesPerSecond, confirmedBytes } = upload.snapshot();
    if (bytesPerSecond !== undefined && confirmedBytes >= BYTES_TELLING)
      speeds.set(transport, bytesPerSecond);
  };
  upload.result.then(learn, () => undefined);
  return upload;
}
