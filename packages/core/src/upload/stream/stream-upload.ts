import { PAUSED } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import { createPartBody } from '../../parts/part-body.ts';
import { createPartBuffers } from '../../parts/part-buffers.ts';
import { firstPartSize } from '../../parts/part-plan.ts';
import type { PartBuffers, Source, UploadedObject } from '../../ports.ts';
import { removeFromOss } from '../checkpoints/abort-unfinished-upload.ts';
import { completeUpload } from '../complete-upload.ts';
import { onFailure } from '../on-failure.ts';
import { initiate, type OpenedUpload } from '../open-upload.ts';
import type { UploadRun, UploadRunner } from '../run-context.ts';
import { runUpload } from '../run-upload.ts';
import { sendParts } from '../send-parts.ts';
import { createKeptParts } from './kept-parts.ts';
import { type ByteStream, createPartCutter, type KeptPart } from './part-cutter.ts';

/**
 * The walk of an upload whose bytes come once: each part is kept until OSS has confirmed it. What is kept
 * outlives a pause, not the process.
 */
export function createStreamRunner(
  stream: ByteStream,
  buffers: PartBuffers,
  partSize: number | undefined,
): UploadRunner {
  const firstSize = firstPartSize(partSize);
  const cutter = createPartCutter(stream, buffers);
  const kept = createKeptParts(cutter, firstSize);
  let first: KeptPart | undefined;
  let upload: OpenedUpload | undefined;
  let isBegun = false;

  async function open(run: UploadRun, begun: KeptPart): Promise<OpenedUpload> {
    if (upload === undefined) {
      upload = await initiate(run, undefined);
      if (upload.partSize !== firstSize) throw otherPartSize(upload.partSize, firstSize);
      if (!isBegun) kept.keep(begun);
      isBegun = true;
    }
    const { bucket, key, uploadId } = upload;
    const [size, partCount] = [undefined, undefined];
    run.emit({ type: 'opened', bucket, key, uploadId, size, partSize: upload.partSize, partCount });
    return upload;
  }

  async function walk(run: UploadRun): Promise<UploadedObject> {
    first ??= await cutter.next(firstSize, run.signal);
    if (first === undefined || first.size < firstSize) return await runUpload(known(run, first));
    const opened = await open(run, first);
    run.signal.throwIfAborted();
    // One part more than are in flight is read ahead.
    await sendParts(
      run,
      opened,
      kept.feed(() => run.limit.concurrency() + 1),
    );
    return await completeUpload(run, opened, kept.receipts());
  }

  async function close(): Promise<void> {
    await Promise.allSettled([cutter.close(), first?.release(), kept.release()]);
  }

  return async (run) => {
    for (let restarts = 0; ; restarts++) {
      try {
        const object = await walk(run);
        await close();
        return object;
      } catch (reason) {
        if (reason === PAUSED) throw reason;
        const error = UploadError.from(reason);
        const action = onFailure({ error, kind: 'multipart', isDurable: false, isResumed: false });
        if (upload !== undefined && action !== 'keep-object') await removeFromOss(run, upload);
        // All parts are still here, and can be sent to a new upload.
        const isWhole = kept.receipts().length === 0 && restarts < RESTARTS_MAX;
        if (action !== 'look-first' || !isWhole) {
          await close();
          throw reason;
        }
        upload = undefined;
      }
    }
  };
}

/** How often others may abort the upload. */
const RESTARTS_MAX = 3;

function otherPartSize(wanted: number, first: number): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the coordinator wants parts of ${wanted} bytes, and the first one has ${first}`,
    disposition: 'permanent',
    hint: 'Begin the stream with the part size that the coordinator wants (partSize).',
  });
}

/** A stream that ended before its first part was full is an upload like any other. */
function known(run: UploadRun, whole: KeptPart | undefined): UploadRun {
  const source: Source = {
    identity: 'stream',
    size: whole?.size ?? 0,
    fingerprint: () => Promise.resolve('stream'),
    part: () => whole?.open() ?? createPartBody({ size: 0, read: async function* () {} }),
    close: () => Promise.resolve(),
  };
  return { ...run, ports: { ...run.ports, openSource: () => Promise.resolve(source) } };
}

/** Where the parts of streams are kept until they are confirmed. */
export interface StreamMemory {
  readonly buffers: PartBuffers;
  /** Parts of this size that may be in flight before most of them have to be kept elsewhere. */
  partsWithin(partSize: number): number;
}

export function createStreamMemory(memoryMax: number, spill: PartBuffers | undefined): StreamMemory {
  return {
    buffers: createPartBuffers(memoryMax, spill),
    partsWithin: (partSize) => Math.max(STREAM_PARTS_MIN, Math.floor(memoryMax / partSize)),
  };
}

/** Fewer would leave a long link idle between two parts. */
const STREAM_PARTS_MIN = 4;
