import { refusedError, type UploadError } from '../../errors.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../../oss/limits.ts';
import { streamPartSize } from '../../parts/part-plan.ts';
import type { Receipt } from '../../ports.ts';
import type { PartToSend } from '../put-part.ts';
import { type PartFeed, sortReceipts } from '../send-parts.ts';
import type { KeptPart, PartCutter } from './part-cutter.ts';

/** The parts of a stream that OSS has not confirmed yet, and the receipts of those that it has. */
export interface KeptParts {
  /** First the parts that an earlier run did not confirm, then new ones. `ahead` limits the unconfirmed. */
  feed(ahead: () => number): PartFeed;
  /** Adds a part that was cut already. */
  keep(part: KeptPart): void;
  /** Of all parts confirmed so far, ascending. */
  receipts(): readonly Receipt[];
  /** Releases all parts. */
  release(): Promise<void>;
}

export function createKeptParts(cutter: PartCutter, firstSize: number): KeptParts {
  const kept = new Map<number, PartToSend & { release(): Promise<void> }>();
  const receipts: Receipt[] = [];
  let offset = 0;

  function keep({ size, open, release }: KeptPart): PartToSend {
    const partNumber = receipts.length + kept.size + 1;
    if (partNumber > PARTS_MAX) throw streamTooLongError();
    const part = {
      partNumber,
      offset,
      size,
      open,
      // canary: early-release
      release,
      onConfirmed,
    };
    offset += size;
    kept.set(partNumber, part);
    return part;
  }

  async function onConfirmed(receipt: Receipt): Promise<void> {
    const part = kept.get(receipt.partNumber);
    kept.delete(receipt.partNumber);
    receipts.push(receipt);
    // OSS has the part: a failed release must not fail the upload.
    await part?.release().catch(() => undefined);
  }

  async function* parts(signal: AbortSignal): AsyncIterable<PartToSend> {
    // canary: unsent-part-left-out
    yield* [...kept.values()];
    for (;;) {
      const part = await cutter.next(streamPartSize(firstSize, offset), signal);
      if (part === undefined) return;
      yield keep(part);
    }
  }

  return {
    feed: (ahead) => ({
      parts,
      partNumbers: numbersFrom(receipts.length + 1),
      takenMax: ahead,
      size: () => offset,
    }),
    keep,
    receipts: () => sortReceipts(receipts),
    async release() {
      await Promise.allSettled([...kept.values()].map((part) => part.release()));
    },
  };
}

/** The stream may end before any of them. A presigned URL that is never used does no harm. */
function numbersFrom(first: number): readonly number[] {
  return Array.from({ length: PARTS_MAX - first + 1 }, (_, index) => first + index);
}

function streamTooLongError(): UploadError {
  return refusedError(
    `the stream has more than ${PARTS_MAX} parts; an object has at most ${OBJECT_SIZE_MAX} bytes`,
    { hint: 'Start with larger parts (partSize), or split the stream.' },
  );
}
