// The work of the coordinator for a large upload: it lists and proves the parts, and completes.
import type { Coordinator } from '@partway/core/coordinator';
import { openCoordinator } from '../clients/partway.ts';
import { measureUsage, type Usage } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';
import type { StoredPart } from '../sink/responses.ts';

export type ListingTask =
  | { readonly initiate: { readonly endpoint: string; readonly size: number; readonly partSize: number } }
  /** The stored parts of the last upload. */
  | { readonly complete: readonly StoredPart[] };

export type ListingResult = { readonly uploadId: string } | { readonly usage: Usage };

interface InitiatedUpload {
  readonly coordinator: Coordinator;
  readonly uploadToken: string;
}

let initiated: InitiatedUpload | undefined;

serveTasks(async (task: ListingTask): Promise<ListingResult> => {
  const { signal } = new AbortController();
  if ('initiate' in task) {
    const { endpoint, size, partSize } = task.initiate;
    const coordinator = openCoordinator(endpoint);
    const upload = await coordinator.initiate({ key: 'large', size, partSize, object: {}, signal });
    initiated = { coordinator, uploadToken: upload.uploadToken };
    return { uploadId: upload.uploadId ?? '' };
  }
  if (initiated === undefined) throw new Error('no upload was initiated');
  const { coordinator, uploadToken } = initiated;
  const complete = async (): Promise<void> => {
    await coordinator.complete({ uploadToken, receipts: task.complete, signal });
  };
  return { usage: await measureUsage(complete) };
});
