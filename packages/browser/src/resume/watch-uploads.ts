import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import { lockName } from './lock-name.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';
import { isSharedByTabs, whenUnlocked } from './tab-lock.ts';
import { openTabChannel, type TabUpload } from './tab-messages.ts';

export interface TabsOptions {
  /** Those that the uploads of the tabs are given. Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
}

/** An upload of any tab. */
export interface WatchedUpload extends TabUpload {
  /** Some tab works on it. Else it is paused, or its tab is gone: whoever wants may go on with it. */
  readonly isUnderWay: boolean;
}

/**
 * Calls `listener` with the uploads of all tabs of the origin that have checkpoints, this tab's too, whenever
 * there is news of one, about four times a second. An upload that has completed or failed is among them one
 * last time. Returns the function that ends it. Without Web Locks it is not noticed that a tab is gone.
 */
export function watchUploads(
  listener: (uploads: readonly WatchedUpload[]) => void,
  { checkpoints: { databaseName } = createIndexedDbCheckpoints() }: TabsOptions = {},
): () => void {
  const uploads = new Map<string, WatchedUpload>();
  const awaited = new Set<string>();
  const stopped = new AbortController();

  function tell(upload: WatchedUpload): void {
    if (uploads.size >= UPLOADS_MAX && !uploads.has(upload.id)) return;
    uploads.set(upload.id, upload);
    const all = [...uploads.values()];
    if (upload.phase === 'completed' || upload.phase === 'failed') uploads.delete(upload.id);
    listener(all);
  }

  /** A dead tab says nothing more: what it held is free, and that is all there is to notice. */
  async function awaitEnd(id: string): Promise<void> {
    if (awaited.has(id) || !isSharedByTabs()) return;
    awaited.add(id);
    await whenUnlocked(lockName(databaseName, id), stopped.signal);
    awaited.delete(id);
    const upload = uploads.get(id);
    if (upload?.isUnderWay === true) tell({ ...upload, isUnderWay: false });
  }

  const channel = openTabChannel(databaseName, (message) => {
    if (message.type !== 'upload') return;
    const { id, phase } = message.upload;
    const isUnderWay = !AT_REST.has(phase);
    // It rejects when the watching ends, and where locks are forbidden: then nobody is told.
    if (isUnderWay) awaitEnd(id).catch(() => awaited.delete(id));
    tell({ ...message.upload, isUnderWay });
  });
  channel.post({ type: 'asked' });
  return () => {
    channel.close();
    stopped.abort();
  };
}

const AT_REST: ReadonlySet<string> = new Set<TabUpload['phase']>(['paused', 'completed', 'failed']);

/** Whatever runs in this origin can claim to upload: more than a user can look at is not kept. */
const UPLOADS_MAX = 1000;

export interface WhenFreeOptions extends TabsOptions {
  /** Ends the waiting: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when no tab works on the unfinished upload `id`, so that this one can take it over
 * by `resume`: its tab was closed or has crashed, or the upload was paused or has ended. At once where that
 * is so already. Several tabs may hear it; `resume` is refused with `upload_locked` to all but one of them.
 * Without Web Locks only uploads of this page are waited for.
 */
export async function waitUntilUnlocked(
  id: string,
  { checkpoints = createIndexedDbCheckpoints(), signal = new AbortController().signal }: WhenFreeOptions = {},
): Promise<void> {
  await whenUnlocked(lockName(checkpoints.databaseName, id), signal);
}
