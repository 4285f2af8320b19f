import type { CoordinatorConnection } from '@partway/core';
import { resolveControlPlane } from '@partway/core/internal';
import {
  abortUnfinishedUpload,
  loadUnfinishedUpload,
  systemClock,
  systemRandom,
  type UnfinishedUploadDetails,
} from '@partway/core/ports';
import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import { fileNameOf } from './list-unfinished-uploads.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';
import { holdLivenessLock, lockName } from './tab-lock.ts';
import { openTabChannel, type TabUpload } from './tab-messages.ts';

/** Options of {@link removeUpload}. Exactly one of `endpoint` and `controlPlane` is required. */
export interface RemoveUploadOptions extends CoordinatorConnection {
  /** The store that holds the upload. Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
}

/**
 * Removes an unfinished upload from OSS, and then its checkpoint. Resolves also if there is no such upload.
 * If the coordinator no longer accepts the upload's token, only the checkpoint is removed: the parts stay in
 * OSS until a lifecycle rule or a sweep removes them. Rejects with code `upload_locked` while a tab is
 * uploading it, and with the error of a failed abort; the upload then stays in the list.
 */
export async function removeUpload(id: string, options: RemoveUploadOptions): Promise<void> {
  const { checkpoints = createIndexedDbCheckpoints(), ...connection } = options;
  const controlPlane = resolveControlPlane(connection);
  const { databaseName } = checkpoints;
  const details = await loadUnfinishedUpload(checkpoints, id);
  // Before the lock is acquired: a held lock without a live owner looks abandoned.
  const releaseLiveness = holdLivenessLock(lockName(databaseName, id));
  try {
    const ports = { checkpoints, controlPlane, clock: systemClock, random: systemRandom };
    await abortUnfinishedUpload(ports, id);
    if (details !== undefined) reportRemoval(databaseName, toAbortedUpload(id, details));
  } finally {
    releaseLiveness();
  }
}

/** Other tabs that list the upload learn that it is gone. */
function reportRemoval(databaseName: string, upload: TabUpload): void {
  const channel = openTabChannel(databaseName, () => undefined);
  channel.post({ type: 'upload', upload });
  channel.close();
}

function toAbortedUpload(id: string, { identity, size, options }: UnfinishedUploadDetails): TabUpload {
  return {
    ...{ id, name: fileNameOf(identity), key: options.key, size, phase: 'failed', errorCode: 'aborted' },
    ...{ partCount: undefined, partsConfirmed: 0, confirmedBytes: 0, sentBytes: 0, retries: 0 },
    ...{ bytesPerSecond: undefined, remainingMs: undefined },
  };
}
