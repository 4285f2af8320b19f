import { malformedResponseError, type UploadError } from '../errors.ts';
import type { Part } from '../parts/part-plan.ts';
import type { PresignedPart, PresignPartsRequest } from '../ports.ts';
import type { OpenedUpload } from './open-upload.ts';
import { VERB_MS_MAX, withDeadline } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/** The small window of presigned parts that an upload holds. */
export interface PresignedParts {
  /**
   * A request for this part that has a good part of its life before it. Each call gives one signed anew, or
   * not given before: a retry does not meet the URL that failed, unless both were signed in one second.
   */
  take(part: SizedPart, afterRefusal: boolean): Promise<PresignedPart>;
}

/**
 * Signs parts just before they are sent, in batches of twice the concurrency: never the whole file, whose
 * URLs would expire while their parts wait, and never one by one, which would cost a round trip a part. Parts
 * are expected to be taken in ascending order, first tries at least. `needed` are their numbers.
 */
export function createPresignedParts(
  run: UploadRun,
  { uploadToken, presigned = [], presignedAt }: OpenedUpload,
  needed: readonly number[],
  signal: AbortSignal,
): PresignedParts {
  const first = presigned.map((part) => heldPart(part, presignedAt));
  const waiting = new Map<number, Promise<HeldPart | undefined>>(
    first.map((held) => [held.part.partNumber, Promise.resolve(held)]),
  );
  let lastSigned = presigned.at(-1)?.partNumber ?? 0;
  let next = 0;

  async function sign(partNumbers: readonly number[], terms: SigningTerms): Promise<readonly HeldPart[]> {
    const askedAt = run.ports.clock.now();
    const parts = await withDeadline(run, VERB_MS_MAX, signal, (stop) =>
      run.ports.controlPlane.presignParts({ uploadToken, partNumbers, ...terms, signal: stop }),
    );
    return parts.map((part) => heldPart(part, askedAt));
  }

  /** The part by itself: its size is known by now, also where a stream ended. */
  async function signOne({ partNumber, size }: SizedPart, afterRefusal: boolean): Promise<PresignedPart> {
    // canary: refusal-kept-from-signer
    const [held] = await sign([partNumber], { sizes: [size], afterRefusal });
    if (held?.part.partNumber !== partNumber) throw missingPartError(partNumber);
    return held.part;
  }

  function signNext(first: number): Promise<HeldPart | undefined> | undefined {
    while ((needed[next] ?? first) < first) next += 1;
    const partNumbers = needed.slice(next, next + 2 * run.limit.concurrency());
    // A part that OSS holds, but with other bytes, was not thought to be needed.
    if (partNumbers[0] !== first) return takeWaiting(first);
    next += partNumbers.length;
    lastSigned = partNumbers.at(-1) ?? first;
    const batch = sign(partNumbers, { afterRefusal: false });
    for (const partNumber of partNumbers) {
      const held = batch.then((parts) => parts.find(({ part }) => part.partNumber === partNumber));
      // A failed batch is reported to whoever takes the part; until then nobody listens.
      // canary: unhandled-rejection
      held.catch(() => undefined);
      waiting.set(partNumber, held);
    }
    return takeWaiting(first);
  }

  function takeWaiting(partNumber: number): Promise<HeldPart | undefined> | undefined {
    const held = waiting.get(partNumber);
    waiting.delete(partNumber);
    return held;
  }

  return {
    async take(part, afterRefusal) {
      const { partNumber, size } = part;
      if (afterRefusal) return signOne(part, afterRefusal);
      const held = await (partNumber > lastSigned ? signNext(partNumber) : takeWaiting(partNumber));
      // canary: expired-url
      const isUsable = held !== undefined && run.ports.clock.now() < held.usableUntil;
      // canary: wrong-length-of-last-part
      return isUsable && fits(held.part, size) ? held.part : signOne(part, false);
    },
  };
}

type SizedPart = Pick<Part, 'partNumber' | 'size'>;

type SigningTerms = Pick<PresignPartsRequest, 'sizes' | 'afterRefusal'>;

/** The last part of a stream is shorter than the one that was signed for it ahead of time. */
function fits({ headers }: PresignedPart, size: number): boolean {
  return headers['content-length'] === undefined || headers['content-length'] === String(size);
}

/** A request and the instant, by our own clock, after which it is not used any more. */
interface HeldPart {
  readonly part: PresignedPart;
  readonly usableUntil: number;
}

function heldPart(part: PresignedPart, askedAt: number): HeldPart {
  return { part, usableUntil: askedAt + part.expiresInMs * USABLE_LIFE };
}

/** A URL in the last fifth of its life may expire on the way: it is signed anew. */
const USABLE_LIFE = 0.8;

function missingPartError(partNumber: number): UploadError {
  return malformedResponseError(`the coordinator did not presign part ${partNumber}`, {
    context: { operation: 'presignParts', partNumber },
  });
}
