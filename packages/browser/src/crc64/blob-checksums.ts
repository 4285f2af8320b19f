import { crc64InPage, STEP_SIZE } from './crc64-in-page.ts';
import { startWorker } from './start-worker.ts';
import { createWorkerClient, type WorkerClient } from './worker-client.ts';

/** Takes CRC64s for as long as a source is open. */
export interface BlobChecksums {
  /**
   * The CRC64 of a Blob, as OSS prints it. Rejects with what the browser says of a Blob it cannot read, or,
   * once closed, with an `AbortError`.
   */
  crc64(blob: Blob): Promise<string>;
  /** Stops what is under way. */
  close(): void;
}

/**
 * Gives a way to open {@link BlobChecksums}. All that are open share one worker, which is started for the
 * first Blob worth it and ended with the last of them. Where there can be no worker (a
 * Content-Security-Policy, a page of `file:`, scripts of another origin), that is found out once, and the
 * CRC64s are taken on the thread of the page, in steps that do not hold it up.
 */
export function createBlobChecksums(start: () => Worker = startWorker): () => BlobChecksums {
  let line: WorkerClient | undefined;
  let isWorkerless = typeof Worker === 'undefined';
  let users = 0;

  function openLine(): WorkerClient | undefined {
    if (isWorkerless || line !== undefined) return line;
    try {
      line = createWorkerClient(start(), forgetWorkers);
    } catch {
      forgetWorkers();
    }
    return line;
  }

  function forgetWorkers(): void {
    isWorkerless = true;
    line = undefined;
  }

  async function take(blob: Blob, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const asked = blob.size > STEP_SIZE ? await openLine()?.ask(blob, signal) : undefined;
    return asked ?? (await crc64InPage(blob, signal));
  }

  return () => {
    const closed = new AbortController();
    let isUser = false;
    return {
      crc64(blob) {
        if (!isUser) users += 1;
        isUser = true;
        return take(blob, closed.signal);
      },
      close() {
        if (closed.signal.aborted) return;
        closed.abort();
        if (isUser) users -= 1;
        if (users > 0) return;
        line?.close();
        line = undefined;
      },
    };
  };
}

/** What all sources of the page share. */
export const openBlobChecksums: () => BlobChecksums = createBlobChecksums();
