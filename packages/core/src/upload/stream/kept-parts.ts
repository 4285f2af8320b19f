import { UploadError } from '../../errors.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../../oss/limits.ts';
import { streamPartSize } from '../../parts/part-plan.ts';
import type { Receipt } from '../../ports.ts';
import type { PartToSend } from '../put-part.ts';
import type { PartFeed } from '../send-parts.ts';
import type { KeptPart, PartCutter } from './part-cutter.ts';

/** The parts of a stream that OSS has not confirmed yet, and the receipts of those it has. */
export interface KeptParts {
  /** Goes on where the last walk stopped: first the parts it had not confirmed, then new ones. */
  feed(ahead: () => number): PartFeed;
  /** Takes in a part that was cut already. */
  keep(part: KeptPart): void;
  /** Of all parts confirmed so far, ascending. */
  receipts(): readonly Receipt[];
  release(): Promise<void>;
}

export function createKeptParts(cutter: PartCutter, firstSize: number): KeptParts {
  const kept = new Map<number, PartToSend & { release(): Promise<void> }>();
  const receipts: Receipt[] = [];
  let offset = 0;

  function keep({ size, open, release }: KeptPart): PartToSend {
    const partNumber = receipts.length + kept.size + 1;
    if (partNumber > PARTS_MAX) throw tooLong();
    const part = {
      partNumber,
      offset,
      size,
      open,
      // canary: early-release
      release,
      confirmed,
    };
    offset += size;
    kept.set(partNumber, part);
    return part;
  }

  async function confirmed(receipt: Receipt): Promise<void> {
    const part = kept.get(receipt.partNumber);
    kept.delete(receipt.partNumber);
    receipts.push(receipt);
    // Room that is not given back is no reason to fail a part that OSS holds.
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
    receipts: () => receipts.toSorted((a, b) => a.partNumber - b.partNumber),
    async release() {
      await Promise.allSettled([...kept.values()].map((part) => part.release()));
    },
  };
}

/** Which of them will be needed nobody knows: a URL too many is never sent. */
function numbersFrom(first: number): readonly number[] {
  return Array.from({ length: PARTS_MAX - first + 1 }, (_, index) => first + index);
}

function tooLong(): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the stream is longer than ${PARTS_MAX} parts; an object holds ${OBJECT_SIZE_MAX} bytes`,
    disposition: 'permanent',
    hint: 'Begin with larger parts (partSize), or split the stream.',
  });
}
