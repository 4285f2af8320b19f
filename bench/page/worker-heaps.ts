import type { CDPSession } from 'playwright-core';

/** Asks the workers of a page, each of which has a heap of its own. */
export interface WorkerHeaps {
  /** In use now, in bytes, all workers together. */
  used(): Promise<number>;
}

export async function watchWorkerHeaps(session: CDPSession): Promise<WorkerHeaps> {
  const workers = new Set<string>();
  const questions = new Map<number, (answer: HeapAnswer) => void>();
  let asked = 0;
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.add(sessionId);
  });
  session.on('Target.detachedFromTarget', ({ sessionId }) => {
    workers.delete(sessionId);
  });
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const answer = JSON.parse(message) as HeapAnswer;
    questions.get(answer.id)?.(answer);
    questions.delete(answer.id);
  });
  // Not flat: a session of Playwright's cannot speak to those of targets.
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });

  function ask(sessionId: string): Promise<number> {
    asked += 1;
    const message = JSON.stringify({ id: asked, method: 'Runtime.getHeapUsage' });
    const answered = new Promise<HeapAnswer>((resolve) => questions.set(asked, resolve));
    const sent = session.send('Target.sendMessageToTarget', { sessionId, message });
    return sent.then(() => answered).then(({ result }) => heapSize(result));
  }

  return {
    async used() {
      const sizes = await Promise.all([...workers].map(ask));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
  };
}

interface HeapAnswer {
  readonly id: number;
  readonly result: HeapUsage;
}

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize: number;
}

/** Objects, and what they hold outside of the heap: the bytes of ArrayBuffers. */
export function heapSize({ usedSize, backingStorageSize }: HeapUsage): number {
  return usedSize + backingStorageSize;
}
