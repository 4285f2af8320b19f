import { createLinkedController, createLinkedControllers } from '../abort.ts';
import type { Part } from '../parts/part-plan.ts';
import type { ListedPart, Receipt, Source } from '../ports.ts';
import type { SentParts } from './complete-upload.ts';
import type { OpenedUpload } from './open-upload.ts';
import type { CallbackOutcome } from './part-response.ts';
import { createPresignedParts } from './presigned-parts.ts';
import { type PartToSend, putPart } from './put-part.ts';
import { createHedging } from './resilience/hedging.ts';
import { createStallGuard } from './resilience/stall-guard.ts';
import type { UploadRun } from './run-context.ts';

/** The parts to send, in ascending order. */
export interface PartFeed {
  /** Iterates over the parts, each when there is room for it. The signal stops a wait for bytes. */
  parts(signal: AbortSignal): AsyncIterable<PartToSend> | Iterable<PartToSend>;
  /** The numbers of the parts that will be needed, as known so far. */
  readonly partNumbers: readonly number[];
  /** How many parts may be taken and not yet confirmed. */
  takenMax(): number;
  /** The bytes of all parts known so far. */
  size(): number;
}

/**
 * Sends each part of the feed that OSS has not stored, at most `concurrency` at once, and resolves with the
 * receipts of all parts in order. The first failure stops the others; all have settled when it is thrown.
 */
export async function sendParts(run: UploadRun, upload: OpenedUpload, feed: PartFeed): Promise<SentParts> {
  // canary: unlinked-part-signals
  const allParts = createLinkedController(run.signal);
  const { signal } = allParts;
  // Each part has its own signal: Node warns about a signal with dozens of listeners.
  const links = createLinkedControllers(signal);
  const presigned = createPresignedParts(run, upload, feed.partNumbers, signal);
  const hedging = createHedging(run, () => run.options.hedge * feed.size());
  const sending = { run, upload, presigned, hedging, stalls: createStallGuard(run) };
  const receipts: Receipt[] = [];
  let callback: CallbackOutcome;
  const taken = new Set<Promise<void>>();
  let onSettled = (): void => undefined;
  try {
    for await (const part of feed.parts(signal)) {
      const partLink = links.open();
      // canary: parts-survive-failure
      const sent: Promise<void> = run.limit
        .run(() => putPart({ signal: partLink.signal, ...sending }, part), partLink.signal)
        .then((confirmed) => {
          receipts.push(confirmed.receipt);
          callback ??= confirmed.callback;
        })
        .catch(allParts.abort)
        .finally(() => {
          partLink.unlink();
          taken.delete(sent);
          onSettled();
        });
      taken.add(sent);
      while (taken.size >= feed.takenMax()) {
        // No `Promise.race` of all taken parts: it would add a listener to each of them for every new part.
        await new Promise<void>((resolve) => {
          onSettled = resolve;
        });
      }
      if (signal.aborted) break;
    }
  } catch (reason) {
    allParts.abort(reason);
  }
  await Promise.all(taken);
  links.close();
  allParts.unlink();
  signal.throwIfAborted();
  return { receipts: sortReceipts(receipts), callback };
}

export function sortReceipts(receipts: readonly Receipt[]): readonly Receipt[] {
  return receipts.toSorted((a, b) => a.partNumber - b.partNumber);
}

/** The parts that OSS has stored, by part number. */
export type StoredParts = ReadonlyMap<number, ListedPart>;

/** The parts of a plan, read from the source whenever they are sent. */
export function sourceFeed(source: Source, plan: readonly Part[], stored: StoredParts): PartFeed {
  return {
    *parts() {
      for (const part of plan) {
        const { partNumber, offset, size } = part;
        yield { stored: stored.get(partNumber), open: () => source.part(offset, size), ...part };
      }
    },
    partNumbers: plan
      .filter(({ partNumber, size }) => stored.get(partNumber)?.size !== size)
      .map(({ partNumber }) => partNumber),
    takenMax: () => QUEUED_MAX,
    size: () => source.size,
  };
}

/** Parts that wait in the limiter: 10,000 waiting closures would take megabytes. */
const QUEUED_MAX = 64;
