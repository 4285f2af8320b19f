// What runs in the worker: it is loaded by start-worker.ts, and imported by nobody.
import { createCrc64 } from '@partway/core';
import { giveBack, readSlices, SLICE_SIZE } from '../read-slices.ts';
import type { Crc64Reply, Crc64Request } from './crc64-messages.ts';

/** Of what is being taken. Several Blobs at once take turns, slice by slice. */
const stops = new Map<number, AbortController>();

self.addEventListener('message', ({ data: { id, blob } }: MessageEvent<Crc64Request>) => {
  if (blob === undefined) stops.get(id)?.abort();
  else void answer(id, blob);
});
reply({ type: 'ready' });

async function answer(id: number, blob: Blob): Promise<void> {
  const stop = new AbortController();
  stops.set(id, stop);
  try {
    const crc = createCrc64();
    for await (const bytes of readSlices(blob, SLICE_SIZE, stop.signal)) {
      crc.update(bytes);
      giveBack(bytes);
    }
    reply({ type: 'taken', id, crc64: crc.digest() });
  } catch (reason) {
    const { name, message } = reason instanceof Error ? reason : new Error(String(reason));
    if (!stop.signal.aborted) reply({ type: 'unreadable', id, name, message });
  } finally {
    stops.delete(id);
  }
}

function reply(message: Crc64Reply): void {
  self.postMessage(message);
}
