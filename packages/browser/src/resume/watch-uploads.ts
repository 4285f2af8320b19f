import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';
import { hasWebLocks, lockName, waitForLockRelease } from './tab-lock.ts';
import { openTabChannel, type TabUpload } from './tab-messages.ts';

/** Options of {@link watchUploads}. */
export interface WatchUploadsOptions {
  /** The store that the tabs use for their uploads. Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
}

/** An upload of any tab. */
export interface WatchedUpload extends TabUpload {
  /** Whether a tab is uploading it. If not, it is paused or its tab was closed, and it can be resumed. */
  readonly isActive: boolean;
}

/**
 * Calls `listener` with the uploads of all tabs of the origin that use these checkpoints, including this tab,
 * whenever one changes, about four times per second. An upload that has completed or failed is in the list
 * one last time. At most 1000 uploads are listed. Returns the function that stops it. Without Web Locks a
 * closed tab is not detected.
 */
export function watchUploads(
  listener: (uploads: readonly WatchedUpload[]) => void,
  { checkpoints: { databaseName } = createIndexedDbCheckpoints() }: WatchUploadsOptions = {},
): () => void {
  const uploads = new Map<string, WatchedUpload>();
  const awaitedIds = new Set<string>();
  const stopped = new AbortController();

  function report(upload: WatchedUpload): void {
    if (uploads.size >= UPLOADS_MAX && !uploads.has(upload.id)) return;
    uploads.set(upload.id, upload);
    const all = [...uploads.values()];
    if (upload.phase === 'completed' || upload.phase === 'failed') uploads.delete(upload.id);
    listener(all);
  }

  /** A closed tab sends no message: the release of its lock is the only sign. */
  async function awaitTabEnd(id: string): Promise<void> {
    if (awaitedIds.has(id) || !hasWebLocks()) return;
    awaitedIds.add(id);
    await waitForLockRelease(lockName(databaseName, id), stopped.signal);
    awaitedIds.delete(id);
    const upload = uploads.get(id);
    if (upload?.isActive === true) report({ ...upload, isActive: false });
  }

  const channel = openTabChannel(databaseName, (message) => {
    if (message.type !== 'upload') return;
    const { id, phase } = message.upload;
    const isActive = !INACTIVE_PHASES.has(phase);
    // It rejects when watching stops, and where locks are forbidden: then there is nothing to report.
    if (isActive) awaitTabEnd(id).catch(() => awaitedIds.delete(id));
    report({ ...message.upload, isActive });
  });
  channel.post({ type: 'report-request' });
  return () => {
    channel.close();
    stopped.abort();
  };
}

const INACTIVE_PHASES: ReadonlySet<string> = new Set<TabUpload['phase']>(['paused', 'completed', 'failed']);

/** Every script of the origin can post uploads to the channel: a limit keeps the list small. */
const UPLOADS_MAX = 1000;

/** Options of {@link waitUntilUnlocked}. */
export interface WaitUntilUnlockedOptions extends WatchUploadsOptions {
  /** Stops waiting: the promise rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when no tab is uploading the unfinished upload `id`, at once if none is: its tab was closed or has
 * crashed, or the upload was paused or has ended. This tab can then call `resumeUpload`. If several tabs do,
 * all but one of them reject with code `upload_locked`. Without Web Locks only uploads of this page are
 * observed.
 */
export async function waitUntilUnlocked(
  id: string,
  {
    checkpoints = createIndexedDbCheckpoints(),
    signal = new AbortController().signal,
  }: WaitUntilUnlockedOptions = {},
): Promise<void> {
  await waitForLockRelease(lockName(checkpoints.databaseName, id), signal);
}
