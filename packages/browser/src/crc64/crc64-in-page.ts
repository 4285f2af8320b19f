import { createPortableCrc64 } from '@partway/core/internal';
import { readSlices, releaseBuffer } from '../read-slices.ts';

/**
 * Computes the CRC64 of a Blob on the calling thread, in short steps. Between two steps the page runs its
 * other tasks.
 */
export async function computeCrc64InPage(blob: Blob, signal: AbortSignal): Promise<string> {
  const crc = createPortableCrc64();
  for await (const bytes of readSlices(blob, STEP_SIZE, signal)) {
    crc.update(bytes);
    releaseBuffer(bytes);
    await yieldToPage();
  }
  signal.throwIfAborted();
  return crc.digest();
}

/** A step takes about a millisecond, and less than a frame on a device that is ten times slower. */
export const STEP_SIZE: number = 256 * 1024;

/** Uses a message: browsers delay a timer by at least 4 ms, and by 1 s in a hidden tab. */
function yieldToPage(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
