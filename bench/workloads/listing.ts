// The coordinator's part of a large upload: it lists and proves its parts, and completes.
import type { Coordinator } from '@partway/core/coordinator';
import { openCoordinator } from '../clients/partway.ts';
import { measureUsage, type Usage } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';
import type { StoredPart } from '../sink/responses.ts';

export type ListingTask =
  | { readonly begin: { readonly endpoint: string; readonly size: number; readonly partSize: number } }
  /** The stored parts of the last upload. */
  | { readonly complete: readonly StoredPart[] };

export type ListingResult = { readonly uploadId: string } | { readonly usage: Usage };

interface Begun {
  readonly coordinator: Coordinator;
  readonly uploadToken: string;
}

let begun: Begun | undefined;

serveTasks(async (task: ListingTask): Promise<ListingResult> => {
  const { signal } = new AbortController();
  if ('begin' in task) {
    const { endpoint, size, partSize } = task.begin;
    const coordinator = openCoordinator(endpoint);
    const upload = await coordinator.initiate({ key: 'large', size, partSize, object: {}, signal });
    begun = { coordinator, uploadToken: upload.uploadToken };
    return { uploadId: upload.uploadId ?? '' };
  }
  if (begun === undefined) throw new Error('no upload has been begun');
  const { coordinator, uploadToken } = begun;
  const complete = async (): Promise<void> => {
    await coordinator.complete({ uploadToken, receipts: task.complete, signal });
  };
  return { usage: await measureUsage(complete) };
});
