/** Computes CRC64s in one worker. */
export interface WorkerClient {
  /**
   * The CRC64 of the Blob; `undefined` if the worker fails. Rejects with the browser's error if the Blob
   * cannot be read, or with `signal.reason`.
   */
  computeCrc64(blob: Blob, signal: AbortSignal): Promise<string | undefined>;
  /** Ends the worker. */
  close(): void;
}

/** A message from the page to the worker. */
export type Crc64Request =
  /** Compute the CRC64. A Blob is posted as a reference: its bytes are not copied. */
  | { readonly id: number; readonly blob: Blob }
  /** Cancel the request with this id. */
  | { readonly id: number; readonly blob: undefined };

/** A message from the worker to the page. */
export type Crc64Response =
  | { readonly type: 'ready' }
  | { readonly type: 'computed'; readonly id: number; readonly crc64: string }
  /** The name and message of the browser's error when the Blob could not be read. */
  | { readonly type: 'unreadable'; readonly id: number; readonly name: string; readonly message: string };

/** The time within which a worker must report that it is ready. */
const READY_MS_MAX = 10_000;

/**
 * Starts the worker that computes CRC64s. Where no worker is allowed this throws, or the worker emits an
 * `error` event.
 *
 * Bundlers detect a worker by exactly this expression, so it stays on one line. It names the built file.
 */
export function startWorker(): Worker {
  return new Worker(new URL('./crc64-worker.js', import.meta.url), { type: 'module' });
}

/**
 * Sends requests to a worker. A worker that cannot be loaded, fails, or is not ready within `readyMsMax` is
 * ended, and `onFailed` is called.
 */
export function createWorkerClient(
  worker: Worker,
  onFailed: () => void,
  readyMsMax: number = READY_MS_MAX,
): WorkerClient {
  const pending = new Map<number, PendingRequest>();
  let lastId = 0;
  let hasFailed = false;
  const readyTimer = setTimeout(fail, readyMsMax);

  function fail(): void {
    hasFailed = true;
    close();
    onFailed();
    for (const { resolve } of pending.values()) resolve(undefined);
  }

  function close(): void {
    clearTimeout(readyTimer);
    worker.terminate();
  }

  worker.onmessage = ({ data }: MessageEvent<Crc64Response>) => {
    clearTimeout(readyTimer);
    if (data.type === 'ready') return;
    const request = pending.get(data.id);
    if (data.type === 'computed') request?.resolve(data.crc64);
    else request?.reject(new DOMException(data.message, data.name));
  };
  worker.onmessageerror = fail;
  worker.onerror = (event) => {
    event.preventDefault();
    fail();
  };

  return {
    async computeCrc64(blob, signal) {
      signal.throwIfAborted();
      if (hasFailed) return undefined;
      const id = ++lastId;
      let cancel = (): void => undefined;
      try {
        return await new Promise<string | undefined>((resolve, reject) => {
          pending.set(id, { resolve, reject });
          cancel = () => {
            post(worker, { id, blob: undefined });
            reject(signal.reason);
          };
          signal.addEventListener('abort', cancel);
          post(worker, { id, blob });
        });
      } finally {
        signal.removeEventListener('abort', cancel);
        pending.delete(id);
      }
    },
    close,
  };
}

interface PendingRequest {
  readonly resolve: (crc64: string | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

function post(worker: Worker, request: Crc64Request): void {
  worker.postMessage(request);
}
