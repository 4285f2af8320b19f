import { createUnabortedSignal } from '../abort.ts';
import type { Part } from '../parts/part-plan.ts';
import { expectedObject, proveObject } from '../parts/proof.ts';
import type { InitiatedUpload, Receipt, Source, UploadedObject } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import { unlessGone } from './remote-parts.ts';
import { COMPLETE_MS_MAX, callControlPlane } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/**
 * Once Complete is on its way its outcome is found out, whatever the caller wants meanwhile: OSS carries it
 * out whether or not anybody listens, and an upload must not be called aborted whose object is there.
 */
export async function completeUpload(
  run: UploadRun,
  { uploadToken, key }: InitiatedUpload,
  receipts: readonly Receipt[],
): Promise<UploadedObject> {
  await run.permit.complete(run.signal);
  run.signal.throwIfAborted();
  run.emit({ type: 'completing' });
  const object = await callControlPlane(
    run,
    // canary: aborted-complete
    createUnabortedSignal(),
    { operation: 'complete', key },
    (signal) => run.ports.controlPlane.complete({ uploadToken, receipts, signal }),
    COMPLETE_MS_MAX,
  );
  proveObject(expectedObject(receipts), object);
  return object;
}

/**
 * The object of an upload that is no more, where an earlier run, or another process, completed it. Reads the
 * whole source for its receipts: with them the coordinator can tell whether the object is ours. `undefined`
 * where it is not.
 */
export async function findCompleted(
  run: UploadRun,
  source: Source,
  upload: OpenedUpload,
  plan: readonly Part[],
): Promise<UploadedObject | undefined> {
  const receipts: Receipt[] = [];
  for (const { partNumber, offset, size } of plan) {
    const crc64 = await source.part(offset, size).crc64(run.signal);
    receipts.push({ partNumber, size, crc64 });
  }
  try {
    return await completeUpload(run, upload, receipts);
  } catch (reason) {
    return unlessGone(reason);
  }
}
