import { UploadError } from '@partway/core';
import { uploadLockedError } from '@partway/core/ports';
import { followUpload } from './follow-upload.ts';
import { lockName } from './lock-name.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';
import { takeLock } from './tab-lock.ts';
import {
  createDatabaseRecords,
  createFallingBackRecords,
  createMemoryRecords,
  type UploadRecords,
} from './upload-records.ts';

export interface IndexedDbCheckpointsOptions {
  /** Stores of one name are one store, in all tabs of the origin. Default: `partway`. */
  readonly databaseName?: string | undefined;
  /**
   * The browser refuses to store, or to give back, what an upload needs to survive a reload: storage is
   * blocked, full, or was evicted. Called once, with code `checkpoint_failed` and the browser's own error as
   * `cause`. What it throws is ignored. Uploads go on; what they would be resumed with dies with the page.
   */
  readonly onStorageBlocked?: ((error: UploadError) => void) | undefined;
}

/**
 * Checkpoints in IndexedDB, so that an upload goes on after a reload, and after the browser was closed, once
 * the user has chosen the same file again. They hold upload tokens, which any script of the origin can read.
 * Where the browser stores nothing they are kept in memory, and no upload fails. One upload at a time: among
 * all tabs by Web Locks, or, in a page without TLS, which has none, within the page alone. Throws a
 * `TypeError` for a wrong option.
 */
export function createIndexedDbCheckpoints(options: IndexedDbCheckpointsOptions = {}): PageCheckpoints {
  const { databaseName = 'partway', onStorageBlocked } = options;
  if (typeof databaseName !== 'string' || databaseName === '') {
    throw new TypeError('databaseName must be a text that is not empty');
  }
  if (onStorageBlocked !== undefined && typeof onStorageBlocked !== 'function') {
    throw new TypeError('onStorageBlocked must be a function');
  }
  const tell = once((reason) => onStorageBlocked?.(storageBlocked(reason)));
  const lasting = createDatabaseRecords(databaseName);
  const records = createFallingBackRecords(lasting, memoryOf(databaseName), tell);
  const checkpoints: PageCheckpoints = {
    ...records,
    databaseName,
    async lock(id) {
      const lease = await takeLock(lockName(databaseName, id));
      if (lease === undefined) throw uploadLockedError('another tab, or another upload of this page');
      return lease;
    },
    follow: (upload) => followUpload(checkpoints, upload),
  };
  return checkpoints;
}

/** Of a page: two stores of one name are one store in memory too. */
const memories = new Map<string, UploadRecords>();

function memoryOf(databaseName: string): UploadRecords {
  const memory = memories.get(databaseName) ?? createMemoryRecords();
  memories.set(databaseName, memory);
  return memory;
}

/** An upload must not fail because somebody who watches it does. */
function once(act: (reason: unknown) => void): (reason: unknown) => void {
  let isDone = false;
  return (reason) => {
    if (isDone) return;
    isDone = true;
    try {
      act(reason);
    } catch {
      // Nobody to tell: the listener is the caller's own code.
    }
  };
}

function storageBlocked(cause: unknown): UploadError {
  return new UploadError({
    code: 'checkpoint_failed',
    message: 'the browser does not store what an upload needs to survive a reload',
    disposition: 'permanent',
    hint: 'See the cause: storage may be blocked, full, or missing in a private window.',
    cause,
  });
}
