import { malformedResponseError, type UploadError } from '../errors.ts';
import type { Part } from '../parts/part-plan.ts';
import type { PresignedPart, PresignPartsRequest } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import { VERB_MS_MAX, withDeadline } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/** The presigned parts of an upload: a small window ahead of the parts that are being sent. */
export interface PresignedParts {
  /**
   * Takes a presigned part that does not expire soon. Each one is returned once: a retry gets another URL
   * than the one that failed, unless both were signed in the same second.
   */
  take(part: SizedPart, afterRefusal: boolean): Promise<PresignedPart>;
}

/**
 * Presigns parts just before they are sent, in batches of twice the concurrency: the URLs of the whole file
 * would expire while their parts wait, and single ones would cost a round trip for each part. Parts are first
 * taken in ascending order. `needed` are their numbers.
 */
export function createPresignedParts(
  run: UploadRun,
  { uploadToken, presigned = [], presignedAt }: OpenedUpload,
  needed: readonly number[],
  signal: AbortSignal,
): PresignedParts {
  const first = presigned.map((part) => toReadyPart(part, presignedAt));
  const window = new Map<number, Promise<ReadyPart | undefined>>(
    first.map((ready) => [ready.part.partNumber, Promise.resolve(ready)]),
  );
  let lastSigned = presigned.at(-1)?.partNumber ?? 0;
  let next = 0;

  async function sign(
    partNumbers: readonly number[],
    details: SigningDetails,
  ): Promise<readonly ReadyPart[]> {
    const requestedAt = run.ports.clock.now();
    const parts = await withDeadline(run, VERB_MS_MAX, signal, (stop) =>
      run.ports.controlPlane.presignParts({ uploadToken, partNumbers, ...details, signal: stop }),
    );
    return parts.map((part) => toReadyPart(part, requestedAt));
  }

  /** Signs one part with its size, which is known by now even at the end of a stream. */
  async function signOne({ partNumber, size }: SizedPart, afterRefusal: boolean): Promise<PresignedPart> {
    // canary: refusal-kept-from-signer
    const [ready] = await sign([partNumber], { sizes: [size], afterRefusal });
    if (ready?.part.partNumber !== partNumber) throw missingPartError(partNumber);
    return ready.part;
  }

  function signNext(first: number): Promise<ReadyPart | undefined> | undefined {
    while ((needed[next] ?? first) < first) next += 1;
    const partNumbers = needed.slice(next, next + 2 * run.limit.concurrency());
    // OSS has stored a part of this number and size: that its bytes are different was not known before.
    if (partNumbers[0] !== first) return takeReady(first);
    next += partNumbers.length;
    lastSigned = partNumbers.at(-1) ?? first;
    const batch = sign(partNumbers, { afterRefusal: false });
    for (const partNumber of partNumbers) {
      const ready = batch.then((parts) => parts.find(({ part }) => part.partNumber === partNumber));
      // A failed batch rejects when one of its parts is taken, and must not be an unhandled rejection before.
      // canary: unhandled-rejection
      ready.catch(() => undefined);
      window.set(partNumber, ready);
    }
    return takeReady(first);
  }

  function takeReady(partNumber: number): Promise<ReadyPart | undefined> | undefined {
    const ready = window.get(partNumber);
    window.delete(partNumber);
    return ready;
  }

  return {
    async take(part, afterRefusal) {
      const { partNumber, size } = part;
      if (afterRefusal) return signOne(part, afterRefusal);
      const ready = await (partNumber > lastSigned ? signNext(partNumber) : takeReady(partNumber));
      // canary: expired-url
      const isUsable = ready !== undefined && run.ports.clock.now() < ready.usableUntil;
      // canary: wrong-length-of-last-part
      return isUsable && hasSize(ready.part, size) ? ready.part : signOne(part, false);
    },
  };
}

type SizedPart = Pick<Part, 'partNumber' | 'size'>;

type SigningDetails = Pick<PresignPartsRequest, 'sizes' | 'afterRefusal'>;

/** The last part of a stream is shorter than the part that was presigned for it. */
function hasSize({ headers }: PresignedPart, size: number): boolean {
  return headers['content-length'] === undefined || headers['content-length'] === String(size);
}

/** A presigned part, and when it becomes too old to be used, by the local clock. */
interface ReadyPart {
  readonly part: PresignedPart;
  readonly usableUntil: number;
}

function toReadyPart(part: PresignedPart, requestedAt: number): ReadyPart {
  return { part, usableUntil: requestedAt + part.expiresInMs * USABLE_FRACTION };
}

/** In the last fifth of its life a URL may expire before OSS sees it. */
const USABLE_FRACTION = 0.8;

function missingPartError(partNumber: number): UploadError {
  return malformedResponseError(`the coordinator did not presign part ${partNumber}`, {
    context: { operation: 'presignParts', partNumber },
  });
}
