import { createPortableCrc64 } from '@partway/core/internal';
import { giveBack, readSlices } from '../read-slices.ts';

/**
 * Takes the CRC64 of a Blob on the thread it is called on. After each step whatever else the page has to do
 * gets its turn.
 */
export async function crc64InPage(blob: Blob, signal: AbortSignal): Promise<string> {
  const crc = createPortableCrc64();
  for await (const bytes of readSlices(blob, STEP_SIZE, signal)) {
    crc.update(bytes);
    giveBack(bytes);
    await nextTurn();
  }
  signal.throwIfAborted();
  return crc.digest();
}

/** A step is taken in about a millisecond, and in less than a frame where tables are ten times as slow. */
export const STEP_SIZE: number = 256 * 1024;

/** A message is a task of its own. A timer would be too, but is held back to 4 ms, in a hidden tab to 1 s. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
