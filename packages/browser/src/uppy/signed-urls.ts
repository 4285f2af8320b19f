import type { ControlPlane, UploadError } from '@partway/core';
import { malformedResponseError } from '@partway/core/internal';
import { type PresignedPart, systemClock } from '@partway/core/ports';

/** A small window of presigned parts of one upload. */
export interface SignedUrls {
  /** Returns a presigned request for this part: a new one on each call, or one signed in the same second. */
  take(partNumber: number, afterRefusal: boolean): Promise<PresignedPart>;
}

export interface SignedUrlsOptions {
  readonly controlPlane: ControlPlane;
  readonly uploadToken: string;
  readonly partCount: number;
  /** Whether OSS has the part, so that it needs no URL. */
  readonly isConfirmed: (partNumber: number) => boolean;
  readonly presigned: readonly PresignedPart[];
  readonly presignedAt: number;
  readonly signal: AbortSignal;
}

/** Twice the parts that Uppy has in flight: no round trip for each part, and few URLs that expire unused. */
export const URLS_AHEAD = 12;

/** Signs a batch ahead. Uppy sends the parts of a file in ascending order, except for retries. */
export function createSignedUrls(options: SignedUrlsOptions): SignedUrls {
  const { controlPlane, uploadToken, partCount, isConfirmed, presigned, presignedAt, signal } = options;
  const ahead = new Map<number, Promise<SignedUrl | undefined>>(
    presigned.map((part) => [part.partNumber, Promise.resolve(toSignedUrl(part, presignedAt))]),
  );
  let lastSigned = presigned.at(-1)?.partNumber ?? 0;

  async function sign(partNumbers: readonly number[], afterRefusal: boolean): Promise<readonly SignedUrl[]> {
    const requestedAt = systemClock.now();
    const parts = await controlPlane.presignParts({ uploadToken, partNumbers, afterRefusal, signal });
    return parts.map((part) => toSignedUrl(part, requestedAt));
  }

  function signAhead(first: number): void {
    const window = Array.from({ length: URLS_AHEAD }, (_, index) => first + index);
    const partNumbers = window.filter((each) => each <= partCount && (each === first || !isConfirmed(each)));
    lastSigned = partNumbers.at(-1) ?? first;
    const batch = sign(partNumbers, false);
    for (const partNumber of partNumbers) {
      const signed = batch.then((urls) => urls.find(({ part }) => part.partNumber === partNumber));
      // Not awaited until the part is taken: a rejection must not count as unhandled until then.
      signed.catch(() => undefined);
      ahead.set(partNumber, signed);
    }
  }

  return {
    async take(partNumber, afterRefusal) {
      if (partNumber > lastSigned && !afterRefusal) signAhead(partNumber);
      const waiting = ahead.get(partNumber);
      ahead.delete(partNumber);
      const signedAhead = afterRefusal ? undefined : await waiting;
      if (signedAhead !== undefined && systemClock.now() < signedAhead.usableUntil) return signedAhead.part;
      const [signed] = await sign([partNumber], afterRefusal);
      if (signed?.part.partNumber === partNumber) return signed.part;
      throw partNotPresignedError(partNumber);
    },
  };
}

interface SignedUrl {
  readonly part: PresignedPart;
  readonly usableUntil: number;
}

/** A URL is used during 80 % of its lifetime: later it could expire while the part is sent. */
function toSignedUrl(part: PresignedPart, requestedAt: number): SignedUrl {
  return { part, usableUntil: requestedAt + part.expiresInMs * 0.8 };
}

function partNotPresignedError(partNumber: number): UploadError {
  return malformedResponseError(`the control plane returned no presigned request for part ${partNumber}`, {
    context: { operation: 'presignParts', partNumber },
  });
}
