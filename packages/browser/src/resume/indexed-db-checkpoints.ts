import type { UploadError } from '@partway/core';
import { checkpointFailedError } from '@partway/core/internal';
import { uploadLockedError } from '@partway/core/ports';
import type { PageCheckpoints } from './page-checkpoints.ts';
import { acquireLock, lockName } from './tab-lock.ts';
import { trackUpload } from './track-upload.ts';
import {
  createDatabaseRecords,
  createMemoryRecords,
  createRecordsWithFallback,
  type UploadRecords,
} from './upload-records.ts';

/** Options of {@link createIndexedDbCheckpoints}. */
export interface IndexedDbCheckpointsOptions {
  /** The name of the database. All tabs of the origin share the store of one name. Default: `partway`. */
  readonly databaseName?: string | undefined;
  /**
   * Called once if the browser does not store or return checkpoints: its storage is blocked, full, or was
   * evicted. The error has code `checkpoint_failed` and the browser's error as `cause`. Errors that it throws
   * are ignored. Uploads continue, but cannot be resumed after a reload. Default: none.
   */
  readonly onStorageBlocked?: ((error: UploadError) => void) | undefined;
}

/**
 * Stores checkpoints in IndexedDB, so that an upload can be resumed after a reload or a restart of the
 * browser, once the user has chosen the same file again. They contain upload tokens, which every script of
 * the origin can read. If the browser does not store them, they are kept in memory, and no upload fails. Only
 * one tab at a time works on an upload: ensured by Web Locks; in a page without TLS, which has none, within
 * the page only. Throws a `TypeError` for an invalid option.
 */
export function createIndexedDbCheckpoints(options: IndexedDbCheckpointsOptions = {}): PageCheckpoints {
  const { databaseName = 'partway', onStorageBlocked } = options;
  if (typeof databaseName !== 'string' || databaseName === '') {
    throw new TypeError('databaseName must be a non-empty string');
  }
  if (onStorageBlocked !== undefined && typeof onStorageBlocked !== 'function') {
    throw new TypeError('onStorageBlocked must be a function');
  }
  const onError = callOnce((reason) => onStorageBlocked?.(storageBlockedError(reason)));
  const persistent = createDatabaseRecords(databaseName);
  const records = createRecordsWithFallback(persistent, getMemoryRecords(databaseName), onError);
  const checkpoints: PageCheckpoints = {
    ...records,
    databaseName,
    async lock(id) {
      const lease = await acquireLock(lockName(databaseName, id));
      if (lease === undefined) throw uploadLockedError('another tab, or another upload of this page');
      return lease;
    },
    track: (upload) => trackUpload(checkpoints, upload),
  };
  return checkpoints;
}

/** Shared by the page: two stores with one name also share their records in memory. */
const memoryByName = new Map<string, UploadRecords>();

function getMemoryRecords(databaseName: string): UploadRecords {
  const memory = memoryByName.get(databaseName) ?? createMemoryRecords();
  memoryByName.set(databaseName, memory);
  return memory;
}

/** Also ignores errors of the listener: they must not fail an upload. */
function callOnce(listener: (reason: unknown) => void): (reason: unknown) => void {
  let isCalled = false;
  return (reason) => {
    if (isCalled) return;
    isCalled = true;
    try {
      listener(reason);
    } catch {
      // The listener is the caller's code, and there is no other place to report its error.
    }
  };
}

function storageBlockedError(cause: unknown): UploadError {
  return checkpointFailedError(
    'the browser does not store checkpoints: uploads cannot be resumed after a reload',
    {
      hint: 'See the cause: storage may be blocked, full, or unavailable in a private window.',
      cause,
    },
  );
}
