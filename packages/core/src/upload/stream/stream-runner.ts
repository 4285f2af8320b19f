import { PAUSED } from '../../abort.ts';
import { refusedError, UploadError } from '../../errors.ts';
import { createPartBody } from '../../parts/part-body.ts';
import type { PartBuffers, Source, UploadedObject } from '../../ports.ts';
import { removeFromOss } from '../checkpoints/discard-upload.ts';
import { completeUpload } from '../complete-upload.ts';
import { onFailure } from '../on-failure.ts';
import { initiate, type OpenedUpload } from '../open-upload.ts';
import type { UploadRun, UploadRunner } from '../run-context.ts';
import { uploadSource } from '../run-upload.ts';
import { sendParts } from '../send-parts.ts';
import { createKeptParts } from './kept-parts.ts';
import { type ByteStream, createPartCutter, type KeptPart } from './part-cutter.ts';

/**
 * Runs the upload of a stream. Each part is kept until OSS has confirmed it, across pauses, but not beyond
 * the process: a stream needs no checkpoint. `firstSize` is the size of the first part in bytes.
 */
export function createStreamRunner(
  stream: ByteStream,
  buffers: PartBuffers,
  firstSize: number,
): UploadRunner {
  const cutter = createPartCutter(stream, buffers);
  const kept = createKeptParts(cutter, firstSize);
  let first: KeptPart | undefined;
  let isFirstKept = false;
  let upload: OpenedUpload | undefined;

  async function openUpload(run: UploadRun, firstPart: KeptPart): Promise<OpenedUpload> {
    if (upload === undefined) {
      upload = await initiate(run, undefined);
      if (upload.partSize !== firstSize) throw partSizeError(upload.partSize, firstSize);
      if (!isFirstKept) kept.keep(firstPart);
      isFirstKept = true;
    }
    const { bucket, key, uploadId, partSize } = upload;
    run.emit({ type: 'opened', bucket, key, uploadId, size: undefined, partSize, partCount: undefined });
    return upload;
  }

  async function runOnce(run: UploadRun): Promise<UploadedObject> {
    first ??= await cutter.next(firstSize, run.signal);
    if (first === undefined || first.size < firstSize) return await uploadSource(run, sourceOf(first));
    const opened = await openUpload(run, first);
    run.signal.throwIfAborted();
    // One part more than are in flight is read ahead.
    const feed = kept.feed(() => run.limit.concurrency() + 1);
    await sendParts(run, opened, feed);
    return await completeUpload(run, opened, { receipts: kept.receipts(), callback: undefined });
  }

  async function close(): Promise<void> {
    await Promise.allSettled([cutter.close(), first?.release(), kept.release()]);
  }

  return async (run) => {
    for (let restarts = 0; ; restarts++) {
      try {
        const object = await runOnce(run);
        await close();
        return object;
      } catch (reason) {
        if (reason === PAUSED) throw reason;
        const error = UploadError.from(reason);
        const action = onFailure({ error, kind: 'multipart', isDurable: false, isResumed: false });
        if (upload !== undefined && action !== 'keep-object') await removeFromOss(run, upload);
        // A new upload needs every part: none of them may have been released yet.
        const canRestart = kept.receipts().length === 0 && restarts < RESTARTS_MAX;
        if (action !== 'look-first' || !canRestart) {
          await close();
          throw reason;
        }
        upload = undefined;
      }
    }
  };
}

/** Others may abort the upload so often. */
const RESTARTS_MAX = 3;

function partSizeError(requiredSize: number, firstSize: number): UploadError {
  return refusedError(
    `the coordinator requires parts of ${requiredSize} bytes, but the first part has ${firstSize}`,
    { hint: `Start the stream with partSize: ${requiredSize}.` },
  );
}

/** A stream that ended before its first part was full can be read again: its part is still there. */
function sourceOf(whole: KeptPart | undefined): Source {
  return {
    identity: 'stream',
    size: whole?.size ?? 0,
    fingerprint: () => Promise.resolve('stream'),
    part: () => whole?.open() ?? createPartBody({ size: 0, read: async function* () {} }),
    close: () => Promise.resolve(),
  };
}
