import type { Part } from '../part-plan.ts';
import type { InitiatedUpload, ListedPart, Receipt, Source } from '../ports.ts';
import { createPresignedParts } from './presigned-parts.ts';
import { putPart } from './put-part.ts';
import type { UploadRun } from './upload-run.ts';

/** Parts handed to the limiter ahead of time: 10,000 waiting closures would cost megabytes for nothing. */
const QUEUED_MAX = 64;

/**
 * Sends every part of the plan that OSS does not hold, at most `concurrency` at once, and gives the receipts
 * of all in order. The first failure stops the others; all have settled when it is thrown.
 */
export async function sendParts(
  run: UploadRun,
  source: Source,
  upload: InitiatedUpload,
  plan: readonly Part[],
  held: ReadonlyMap<number, ListedPart>,
): Promise<readonly Receipt[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([run.signal, failure.signal]);
  const toSend = plan.filter((part) => held.get(part.partNumber)?.size !== part.size);
  const presigned = createPresignedParts(run, upload, toSend, signal);
  const receipts: Receipt[] = [];
  const sending = new Set<Promise<void>>();
  for (const part of plan) {
    if (sending.size >= QUEUED_MAX) await Promise.race(sending);
    if (signal.aborted) break;
    const sent: Promise<void> = run
      .limit(() => putPart({ run, source, upload, presigned, signal }, part, held.get(part.partNumber)))
      .then((receipt) => {
        receipts[receipt.partNumber - 1] = receipt;
      })
      .catch((reason: unknown) => failure.abort(reason))
      .finally(() => sending.delete(sent));
    sending.add(sent);
  }
  await Promise.all(sending);
  signal.throwIfAborted();
  return receipts;
}
