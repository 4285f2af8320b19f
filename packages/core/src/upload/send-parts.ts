import type { Receipt } from '../ports.ts';
import { createHedging } from './hedging.ts';
import type { OpenedUpload } from './open-upload.ts';
import { createPresignedParts } from './presigned-parts.ts';
import { type PartToSend, putPart } from './put-part.ts';
import type { UploadRun } from './upload-run.ts';

/** The parts to send, in ascending order. */
export interface PartFeed {
  /** Asked for the next part only when there is room for it. The signal stops a wait for bytes. */
  parts(signal: AbortSignal): AsyncIterable<PartToSend> | Iterable<PartToSend>;
  /** Their numbers, as far as they are known to be needed. */
  readonly partNumbers: readonly number[];
  /** Parts that may be taken from the feed and not be confirmed yet. */
  takenMax(): number;
  /** Bytes in all, as far as is known. */
  size(): number;
}

/**
 * Sends every part of the feed that OSS does not hold, at most `concurrency` at once, and gives the receipts
 * of all in order. The first failure stops the others; all have settled when it is thrown.
 */
export async function sendParts(
  run: UploadRun,
  upload: OpenedUpload,
  feed: PartFeed,
): Promise<readonly Receipt[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([run.signal, failure.signal]);
  const presigned = createPresignedParts(run, upload, feed.partNumbers, signal);
  const hedging = createHedging(run, () => run.options.hedge * feed.size());
  const sending = { run, upload, presigned, hedging };
  const receipts: Receipt[] = [];
  const taken = new Set<Promise<void>>();
  try {
    for await (const part of feed.parts(signal)) {
      // A signal of its own: Node warns of one that dozens of parts listen to.
      const own = AbortSignal.any([signal]);
      const sent: Promise<void> = run
        .limit(() => putPart({ ...sending, signal: own }, part), own)
        .then((receipt) => void receipts.push(receipt))
        .catch((reason: unknown) => failure.abort(reason))
        .finally(() => taken.delete(sent));
      taken.add(sent);
      while (taken.size >= feed.takenMax()) await Promise.race(taken);
      if (signal.aborted) break;
    }
  } catch (reason) {
    failure.abort(reason);
  }
  await Promise.all(taken);
  signal.throwIfAborted();
  return receipts.sort((a, b) => a.partNumber - b.partNumber);
}
