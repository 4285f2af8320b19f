import { UploadError } from '../errors.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../oss/limits.ts';
import { createPartBody } from '../part-body.ts';
import { firstPartSize, streamPartSize } from '../part-plan.ts';
import type { PartBuffers, Receipt, Source, UploadedObject } from '../ports.ts';
import { completeUpload } from './complete-upload.ts';
import { abandonUpload, isStored } from './failed-upload.ts';
import { PAUSED } from './interruption.ts';
import { initiate, type OpenedUpload } from './open-upload.ts';
import { type ByteStream, createPartCutter, type KeptPart } from './part-cutter.ts';
import type { PartToSend } from './put-part.ts';
import { runUpload } from './run-upload.ts';
import { sendParts } from './send-parts.ts';
import type { UploadRun, Walk } from './upload-run.ts';

/**
 * The walk of an upload whose bytes come once: each part is kept until OSS has confirmed it. What is kept
 * outlives a pause, not the process.
 */
export function createStreamWalk(
  stream: ByteStream,
  buffers: PartBuffers,
  partSize: number | undefined,
): Walk {
  const firstSize = firstPartSize(partSize);
  const cutter = createPartCutter(stream, buffers);
  const kept = new Map<number, PartToSend & { release(): Promise<void> }>();
  const receipts: Receipt[] = [];
  let first: KeptPart | undefined;
  let upload: OpenedUpload | undefined;
  let offset = 0;

  function keep(part: KeptPart): PartToSend {
    const partNumber = receipts.length + kept.size + 1;
    if (partNumber > PARTS_MAX) throw tooLong();
    const { size } = part;
    const toSend = {
      partNumber,
      offset,
      size,
      open: part.open,
      release: part.release,
      async confirmed(receipt: Receipt): Promise<void> {
        kept.delete(partNumber);
        receipts.push(receipt);
        // Room that is not given back is no reason to fail a part that OSS holds.
        await part.release().catch(() => undefined);
      },
    };
    offset += size;
    kept.set(partNumber, toSend);
    return toSend;
  }

  /** Those that a pause has kept from being confirmed, and then new ones. */
  async function* parts(signal: AbortSignal): AsyncIterable<PartToSend> {
    yield* [...kept.values()];
    for (;;) {
      const part = await cutter.next(streamPartSize(firstSize, offset), signal);
      if (part === undefined) return;
      yield keep(part);
    }
  }

  async function open(run: UploadRun, begun: KeptPart): Promise<OpenedUpload> {
    if (upload === undefined) {
      upload = { ...(await initiate(run, undefined)), isResumed: false };
      keep(begun);
    }
    const { bucket, key, uploadId } = upload;
    const [size, partCount] = [undefined, undefined];
    run.emit({ type: 'opened', bucket, key, uploadId, size, partSize: upload.partSize, partCount });
    return upload;
  }

  async function walk(run: UploadRun): Promise<UploadedObject> {
    first ??= await cutter.next(firstSize, run.signal);
    if (first === undefined || first.size < firstSize) return await runUpload(short(run, first));
    const opened = await open(run, first);
    run.signal.throwIfAborted();
    await sendParts(run, opened, {
      parts,
      partNumbers: Array.from({ length: PARTS_MAX - receipts.length }, (_, n) => receipts.length + n + 1),
      takenMax: () => run.limit.concurrency + 1,
      size: () => offset,
    });
    return await completeUpload(
      run,
      opened,
      receipts.toSorted((a, b) => a.partNumber - b.partNumber),
    );
  }

  return async (run) => {
    try {
      const object = await walk(run);
      await cutter.close();
      return object;
    } catch (reason) {
      if (reason === PAUSED) throw reason;
      if (upload !== undefined && !isStored(reason)) await abandonUpload(run, upload, '');
      await Promise.allSettled([cutter.close(), first?.release(), ...[...kept.values()].map(letGo)]);
      throw reason;
    }
  };
}

function letGo(part: { release(): Promise<void> }): Promise<void> {
  return part.release();
}

/** All of it is there: an upload like any other. */
function short(run: UploadRun, whole: KeptPart | undefined): UploadRun {
  const source: Source = {
    identity: 'stream',
    size: whole?.size ?? 0,
    fingerprint: () => Promise.resolve('stream'),
    part: () => whole?.open() ?? createPartBody({ size: 0, read: async function* () {} }),
    close: () => Promise.resolve(),
  };
  return { ...run, ports: { ...run.ports, openSource: () => Promise.resolve(source) } };
}

function tooLong(): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the stream is longer than its ${PARTS_MAX} parts can hold; an object holds ${OBJECT_SIZE_MAX} bytes`,
    disposition: 'permanent',
    hint: 'Begin with larger parts (partSize), or split the stream.',
  });
}
