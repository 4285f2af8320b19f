import type { Crc64Reply, Crc64Request } from './crc64-messages.ts';

/** The line to one worker. */
export interface WorkerClient {
  /**
   * The CRC64 of the Blob; `undefined` once the worker is lost. Rejects with what the browser said when it
   * could not be read, or with `signal.reason`.
   */
  ask(blob: Blob, signal: AbortSignal): Promise<string | undefined>;
  close(): void;
}

/** How long a worker may take to be loaded. */
const READY_MS_MAX = 10_000;

/**
 * Speaks to a worker. One that cannot be loaded, breaks, or is not ready within `readyMsMax` is lost, which
 * `onLost` is told.
 */
export function createWorkerClient(
  worker: Worker,
  onLost: () => void,
  readyMsMax: number = READY_MS_MAX,
): WorkerClient {
  const questions = new Map<number, Question>();
  let idMax = 0;
  let isLost = false;
  const patience = setTimeout(lose, readyMsMax);

  function lose(): void {
    isLost = true;
    close();
    onLost();
    for (const { resolve } of questions.values()) resolve(undefined);
  }

  function close(): void {
    clearTimeout(patience);
    worker.terminate();
  }

  worker.onmessage = ({ data }: MessageEvent<Crc64Reply>) => {
    clearTimeout(patience);
    if (data.type === 'ready') return;
    const question = questions.get(data.id);
    if (data.type === 'taken') question?.resolve(data.crc64);
    else question?.reject(new DOMException(data.message, data.name));
  };
  worker.onmessageerror = lose;
  worker.onerror = (event) => {
    event.preventDefault();
    lose();
  };

  return {
    async ask(blob, signal) {
      signal.throwIfAborted();
      if (isLost) return undefined;
      const id = ++idMax;
      let stop = (): void => undefined;
      try {
        return await new Promise<string | undefined>((resolve, reject) => {
          questions.set(id, { resolve, reject });
          stop = () => {
            post(worker, { id, blob: undefined });
            reject(signal.reason);
          };
          signal.addEventListener('abort', stop);
          post(worker, { id, blob });
        });
      } finally {
        signal.removeEventListener('abort', stop);
        questions.delete(id);
      }
    },
    close,
  };
}

interface Question {
  readonly resolve: (crc64: string | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

function post(worker: Worker, request: Crc64Request): void {
  worker.postMessage(request);
}
