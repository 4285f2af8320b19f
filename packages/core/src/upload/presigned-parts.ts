import { UploadError } from '../errors.ts';
import type { InitiatedUpload, PresignedPart } from '../ports.ts';
import type { UploadRun } from './upload-run.ts';
import { VERB_MS_MAX, withDeadline } from './with-deadline.ts';

/** The small window of presigned parts that an upload holds. */
export interface PresignedParts {
  /**
   * A request for this part that has a good part of its life before it. Each call gives one signed anew, or
   * not given before: a retry does not meet the URL that failed, unless both were signed in one second.
   */
  take(partNumber: number, afterRefusal: boolean): Promise<PresignedPart>;
}

/**
 * Signs parts just before they are sent, in batches of twice the concurrency: never the whole file, whose
 * URLs would expire while their parts wait, and never one by one, which would cost a round trip a part. Parts
 * are expected to be taken in ascending order, first tries at least. `needed` are their numbers.
 */
export function createPresignedParts(
  run: UploadRun,
  { uploadToken }: InitiatedUpload,
  needed: readonly number[],
  signal: AbortSignal,
): PresignedParts {
  const waiting = new Map<number, Promise<HeldPart>>();
  let lastSigned = 0;
  let next = 0;

  async function sign(partNumbers: readonly number[], afterRefusal = false): Promise<readonly HeldPart[]> {
    const askedAt = run.ports.clock.now();
    const parts = await withDeadline(run, VERB_MS_MAX, signal, (stop) =>
      run.ports.controlPlane.presignParts({ uploadToken, partNumbers, afterRefusal, signal: stop }),
    );
    return parts.map((part) => ({ part, usableUntil: askedAt + part.expiresInMs * USABLE_LIFE }));
  }

  function signNext(first: number): Promise<HeldPart> {
    while ((needed[next] ?? first) < first) next += 1;
    const partNumbers = needed.slice(next, next + 2 * run.limit.concurrency);
    // A part that OSS holds, but with other bytes, was not thought to be needed.
    if (partNumbers[0] !== first) return takeWaiting(first);
    next += partNumbers.length;
    lastSigned = partNumbers.at(-1) ?? first;
    const batch = sign(partNumbers);
    for (const partNumber of partNumbers) {
      const held = batch.then((parts) => pick(parts, partNumber));
      // A failed batch is reported to whoever takes the part; until then nobody listens.
      held.catch(() => undefined);
      waiting.set(partNumber, held);
    }
    return takeWaiting(first);
  }

  function takeWaiting(partNumber: number): Promise<HeldPart> {
    const held = waiting.get(partNumber);
    waiting.delete(partNumber);
    return held ?? sign([partNumber]).then((parts) => pick(parts, partNumber));
  }

  return {
    async take(partNumber, afterRefusal) {
      if (afterRefusal) return pick(await sign([partNumber], afterRefusal), partNumber).part;
      const held = await (partNumber > lastSigned ? signNext(partNumber) : takeWaiting(partNumber));
      if (run.ports.clock.now() < held.usableUntil) return held.part;
      return pick(await sign([partNumber]), partNumber).part;
    },
  };
}

/** A request and the instant, by our own clock, after which it is not used any more. */
interface HeldPart {
  readonly part: PresignedPart;
  readonly usableUntil: number;
}

/** A URL in the last fifth of its life may expire on the way: it is signed anew. */
const USABLE_LIFE = 0.8;

function pick(parts: readonly HeldPart[], partNumber: number): HeldPart {
  const held = parts.find(({ part }) => part.partNumber === partNumber);
  if (held !== undefined) return held;
  throw new UploadError({
    code: 'malformed_answer',
    message: `part ${partNumber} was to be presigned, and was not`,
    disposition: 'transient',
    context: { operation: 'presignParts', partNumber },
  });
}
