import { type ControlPlane, UploadError } from '@partway/core';
import { type PresignedPart, systemClock } from '@partway/core/ports';

/** The small window of presigned parts of one upload. */
export interface SignedUrls {
  /** A request for this part that was not given before, unless it was signed in the same second. */
  take(partNumber: number, afterRefusal: boolean): Promise<PresignedPart>;
}

export interface SignedUrlsOptions {
  readonly controlPlane: ControlPlane;
  readonly uploadToken: string;
  readonly partCount: number;
  /** Whether OSS holds the part, so that it needs no URL. */
  readonly isDone: (partNumber: number) => boolean;
  readonly presigned: readonly PresignedPart[];
  readonly presignedAt: number;
  readonly signal: AbortSignal;
}

/** Twice the parts that Uppy has in flight: neither a round trip a part, nor URLs that expire unused. */
export const URLS_AHEAD = 12;

/** Signs a batch ahead. Uppy takes the parts of a file in ascending order, first tries at least. */
export function createSignedUrls(options: SignedUrlsOptions): SignedUrls {
  const { controlPlane, uploadToken, partCount, isDone, presigned, presignedAt, signal } = options;
  const ahead = new Map<number, Promise<HeldUrl | undefined>>(
    presigned.map((part) => [part.partNumber, Promise.resolve(heldUrl(part, presignedAt))]),
  );
  let lastSigned = presigned.at(-1)?.partNumber ?? 0;

  async function sign(partNumbers: readonly number[], afterRefusal: boolean): Promise<readonly HeldUrl[]> {
    const askedAt = systemClock.now();
    const parts = await controlPlane.presignParts({ uploadToken, partNumbers, afterRefusal, signal });
    return parts.map((part) => heldUrl(part, askedAt));
  }

  function signAhead(first: number): void {
    const numbers = Array.from({ length: URLS_AHEAD }, (_, index) => first + index);
    const wanted = numbers.filter((each) => each <= partCount && (each === first || !isDone(each)));
    lastSigned = wanted.at(-1) ?? first;
    const batch = sign(wanted, false);
    for (const partNumber of wanted) {
      const held = batch.then((urls) => urls.find(({ part }) => part.partNumber === partNumber));
      // Until somebody takes the part, nobody listens.
      held.catch(() => undefined);
      ahead.set(partNumber, held);
    }
  }

  return {
    async take(partNumber, afterRefusal) {
      if (partNumber > lastSigned && !afterRefusal) signAhead(partNumber);
      const waiting = ahead.get(partNumber);
      ahead.delete(partNumber);
      const early = afterRefusal ? undefined : await waiting;
      if (early !== undefined && systemClock.now() < early.usableUntil) return early.part;
      const [alone] = await sign([partNumber], afterRefusal);
      if (alone?.part.partNumber === partNumber) return alone.part;
      throw forgottenError(partNumber);
    },
  };
}

interface HeldUrl {
  readonly part: PresignedPart;
  readonly usableUntil: number;
}

/** A URL in the last fifth of its life may expire on the way. */
function heldUrl(part: PresignedPart, askedAt: number): HeldUrl {
  return { part, usableUntil: askedAt + part.expiresInMs * 0.8 };
}

function forgottenError(partNumber: number): UploadError {
  return new UploadError({
    code: 'malformed_response',
    message: `part ${partNumber} was to be presigned, and was not`,
    disposition: 'transient',
    context: { operation: 'presignParts', partNumber },
  });
}
