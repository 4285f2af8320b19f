// The script of the worker. The page loads it by URL (see worker-client.ts); no module imports it.
import { createCrc64 } from '@partway/core';
import { readSlices, releaseBuffer, SLICE_SIZE } from '../read-slices.ts';
import type { Crc64Request, Crc64Response } from './worker-client.ts';

/** One controller for each Blob in progress. Several Blobs are read alternately, slice by slice. */
const controllers = new Map<number, AbortController>();

self.addEventListener('message', ({ data: { id, blob } }: MessageEvent<Crc64Request>) => {
  if (blob === undefined) controllers.get(id)?.abort();
  else void computeCrc64(id, blob);
});
respond({ type: 'ready' });

async function computeCrc64(id: number, blob: Blob): Promise<void> {
  const controller = new AbortController();
  controllers.set(id, controller);
  try {
    const crc = createCrc64();
    for await (const bytes of readSlices(blob, SLICE_SIZE, controller.signal)) {
      crc.update(bytes);
      releaseBuffer(bytes);
    }
    respond({ type: 'computed', id, crc64: crc.digest() });
  } catch (reason) {
    const { name, message } = reason instanceof Error ? reason : new Error(String(reason));
    if (!controller.signal.aborted) respond({ type: 'unreadable', id, name, message });
  } finally {
    controllers.delete(id);
  }
}

function respond(message: Crc64Response): void {
  self.postMessage(message);
}
