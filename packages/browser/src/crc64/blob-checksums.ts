import { computeCrc64InPage, STEP_SIZE } from './crc64-in-page.ts';
import { createWorkerClient, startWorker, type WorkerClient } from './worker-client.ts';

/** Computes CRC64s while a source is open. */
export interface BlobChecksums {
  /**
   * The CRC64 of a Blob in decimal, as in `x-oss-hash-crc64ecma`. Rejects with the browser's error if the
   * Blob cannot be read, and with an `AbortError` after `close`.
   */
  crc64(blob: Blob): Promise<string>;
  /** Stops all computations in progress. */
  close(): void;
}

/**
 * Returns a function that opens {@link BlobChecksums}. All that are open share one worker. It starts with the
 * first Blob of more than {@link STEP_SIZE} bytes, and ends when the last user closes. If no worker is
 * allowed (a Content-Security-Policy, a page of `file:`, scripts of another origin), this is detected once,
 * and CRC64s are computed in the page, in short steps.
 */
export function createBlobChecksums(start: () => Worker = startWorker): () => BlobChecksums {
  let client: WorkerClient | undefined;
  let isWorkerless = typeof Worker === 'undefined';
  let users = 0;

  function openClient(): WorkerClient | undefined {
    if (isWorkerless || client !== undefined) return client;
    try {
      client = createWorkerClient(start(), disableWorker);
    } catch {
      disableWorker();
    }
    return client;
  }

  function disableWorker(): void {
    isWorkerless = true;
    client = undefined;
  }

  async function compute(blob: Blob, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const crc64 = blob.size > STEP_SIZE ? await openClient()?.computeCrc64(blob, signal) : undefined;
    return crc64 ?? (await computeCrc64InPage(blob, signal));
  }

  return () => {
    const closed = new AbortController();
    let isUser = false;
    return {
      crc64(blob) {
        if (!isUser) users += 1;
        isUser = true;
        return compute(blob, closed.signal);
      },
      close() {
        if (closed.signal.aborted) return;
        closed.abort();
        if (isUser) users -= 1;
        if (users > 0) return;
        client?.close();
        client = undefined;
      },
    };
  };
}

/** Shared by all sources of the page. */
export const openBlobChecksums: () => BlobChecksums = createBlobChecksums();
