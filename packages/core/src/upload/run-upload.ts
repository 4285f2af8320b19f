import { UploadError } from '../errors.ts';
import { OBJECT_SIZE_MAX } from '../oss/limits.ts';
import { type Part, planParts } from '../part-plan.ts';
import type { InitiatedUpload, Receipt, Source, UploadedObject } from '../ports.ts';
import { expectedObject, proveObject } from '../proof.ts';
import { retrying } from './retrying.ts';
import { sendParts } from './send-parts.ts';
import type { UploadRun } from './upload.ts';

/**
 * The whole upload: open, plan, send the parts, complete, prove. What fails on the way is removed from OSS.
 */
export async function runUpload(run: UploadRun): Promise<UploadedObject> {
  const source = await run.ports.openSource();
  try {
    const upload = await openUpload(run, source);
    try {
      const plan = planUpload(run, source, upload);
      const receipts = await sendParts(run, source, upload, plan);
      return await completeUpload(run, upload, receipts);
    } catch (reason) {
      await abandonUpload(run, upload);
      throw reason;
    }
  } finally {
    await source.close();
  }
}

async function openUpload(run: UploadRun, { size }: Source): Promise<InitiatedUpload> {
  const { key, partSize, object } = run.options;
  if (size > OBJECT_SIZE_MAX) throw tooLarge(size);
  return retrying(run, run.signal, { operation: 'initiate', key }, () =>
    run.ports.controlPlane.initiate({ key, size, partSize, object, signal: run.signal }),
  );
}

function tooLarge(size: number): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the source has ${size} bytes, an object of OSS at most ${OBJECT_SIZE_MAX} (48.8 TB)`,
    disposition: 'permanent',
    hint: 'Split the file.',
  });
}

function planUpload(run: UploadRun, { size }: Source, upload: InitiatedUpload): readonly Part[] {
  const { bucket, key, uploadId, partSize } = upload;
  const plan = planParts(size, partSize);
  run.emit({ type: 'opened', bucket, key, uploadId, size, partSize, partCount: plan.length });
  return plan;
}

/** Once Complete is on its way it is waited for: OSS carries it out whether or not anybody listens. */
async function completeUpload(
  run: UploadRun,
  { uploadToken, key }: InitiatedUpload,
  receipts: readonly Receipt[],
): Promise<UploadedObject> {
  run.emit({ type: 'completing' });
  const object = await retrying(run, run.signal, { operation: 'complete', key }, () =>
    run.ports.controlPlane.complete({ uploadToken, receipts, signal: UNINTERRUPTED }),
  );
  proveObject(expectedObject(receipts), object);
  return object;
}

/** Leaves nothing behind in OSS that would be billed. Runs to its end even when the caller has aborted. */
async function abandonUpload(run: UploadRun, { uploadToken, key }: InitiatedUpload): Promise<void> {
  try {
    await retrying(run, UNINTERRUPTED, { operation: 'abort', key }, () =>
      run.ports.controlPlane.abort({ uploadToken, signal: UNINTERRUPTED }),
    );
  } catch (reason) {
    // The failure that led here is the one to throw; this one is told beside it.
    run.emit({ type: 'cleanup-failed', error: UploadError.from(reason) });
  }
}

const UNINTERRUPTED: AbortSignal = new AbortController().signal;
