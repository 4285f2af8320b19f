// The coordinator's part of a large upload: it lists and proves its parts, and completes.
import type { Coordinator } from '@partway/core/coordinator';
import { answering } from '../answering.ts';
import { openCoordinator } from '../clients/partway.ts';
import { measureUsage, type Usage } from '../measure.ts';
import type { StoredPart } from '../sink/answers.ts';

export type ListingQuestion =
  | { readonly begin: { readonly endpoint: string; readonly size: number; readonly partSize: number } }
  /** OSS holds these parts of the upload begun last. */
  | { readonly complete: readonly StoredPart[] };

export type ListingAnswer = { readonly uploadId: string } | { readonly usage: Usage };

interface Begun {
  readonly coordinator: Coordinator;
  readonly uploadToken: string;
}

let begun: Begun | undefined;

answering(async (question: ListingQuestion): Promise<ListingAnswer> => {
  const { signal } = new AbortController();
  if ('begin' in question) {
    const { endpoint, size, partSize } = question.begin;
    const coordinator = openCoordinator(endpoint);
    const upload = await coordinator.initiate({ key: 'large', size, partSize, object: {}, signal });
    begun = { coordinator, uploadToken: upload.uploadToken };
    return { uploadId: upload.uploadId ?? '' };
  }
  if (begun === undefined) throw new Error('no upload has been begun');
  const { coordinator, uploadToken } = begun;
  const complete = async (): Promise<void> => {
    await coordinator.complete({ uploadToken, receipts: question.complete, signal });
  };
  return { usage: await measureUsage(complete) };
});
