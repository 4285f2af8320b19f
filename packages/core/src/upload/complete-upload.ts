import { uninterrupted } from '../abort.ts';
import { expectedObject, proveObject } from '../parts/proof.ts';
import type { InitiatedUpload, Receipt, UploadedObject } from '../ports.ts';
import { ask } from './resilience/ask.ts';
import { COMPLETE_MS_MAX } from './resilience/with-deadline.ts';
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
  const object = await ask(
    run,
    // canary: aborted-complete
    uninterrupted(),
    { operation: 'complete', key },
    (signal) => run.ports.controlPlane.complete({ uploadToken, receipts, signal }),
    COMPLETE_MS_MAX,
  );
  proveObject(expectedObject(receipts), object);
  return object;
}
