import type { CDPSession } from 'playwright-core';

/** Reads the heaps of the workers of a page. */
export interface WorkerHeaps {
  /** The current size of all heaps together, in bytes. */
  used(): Promise<number>;
}

export async function watchWorkerHeaps(session: CDPSession): Promise<WorkerHeaps> {
  const workers = new Set<string>();
  const pending = new Map<number, (response: HeapResponse) => void>();
  let idMax = 0;
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.add(sessionId);
  });
  session.on('Target.detachedFromTarget', ({ sessionId }) => {
    workers.delete(sessionId);
  });
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const response = JSON.parse(message) as HeapResponse;
    pending.get(response.id)?.(response);
    pending.delete(response.id);
  });
  // Not flat: a session of Playwright cannot send to those of targets.
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });

  function readHeap(sessionId: string): Promise<number> {
    idMax += 1;
    const id = idMax;
    const message = JSON.stringify({ id, method: 'Runtime.getHeapUsage' });
    const response = new Promise<HeapResponse>((resolve) => pending.set(id, resolve));
    const sent = session.send('Target.sendMessageToTarget', { sessionId, message });
    return sent.then(() => response).then(({ result }) => heapSize(result));
  }

  return {
    async used() {
      const sizes = await Promise.all([...workers].map(readHeap));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
  };
}

interface HeapResponse {
  readonly id: number;
  readonly result: HeapUsage;
}

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize: number;
}

/** Objects, and their memory outside of the heap: the bytes of ArrayBuffers. */
export function heapSize({ usedSize, backingStorageSize }: HeapUsage): number {
  return usedSize + backingStorageSize;
}
