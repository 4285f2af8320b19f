import { type ControlPlane, UploadError } from '@partway/core';
import { assertControlPlane } from '@partway/core/internal';
import {
  loadUnfinishedUpload,
  startUpload,
  systemClock,
  systemRandom,
  type UnfinishedUploadDetails,
} from '@partway/core/ports';
import { createBlobSource } from '../blob-source.ts';
import { createPageTransport } from '../transports/page-transport.ts';
import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import { fileNameOf } from './list-unfinished-uploads.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';

/** Options of {@link removeUpload}. */
export interface RemoveUploadOptions {
  /** The connection to the coordinator, which holds the credentials. */
  readonly controlPlane: ControlPlane;
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
  const { controlPlane, checkpoints = createIndexedDbCheckpoints() } = options;
  assertControlPlane(controlPlane);
  const resumption = await loadUnfinishedUpload(checkpoints, id);
  const failure = resumption && (await abortUnfinished(checkpoints, controlPlane, resumption));
  if (failure !== undefined && failure.code !== 'token_refused') throw failure;
  if ((await checkpoints.load(id)) !== undefined) await removeAlone(checkpoints, id);
}

/**
 * An upload that is aborted before its first step finds its checkpoint, and tidies up after it. What keeps it
 * from that is not why it ended, and so is given back.
 */
async function abortUnfinished(
  checkpoints: PageCheckpoints,
  controlPlane: ControlPlane,
  { identity, size, options }: UnfinishedUploadDetails,
): Promise<UploadError | undefined> {
  const { key } = options;
  const following = checkpoints.track({ name: fileNameOf(identity), size, key, handle: undefined });
  const failures: UploadError[] = [];
  const upload = startUpload(
    {
      openSource: () => Promise.resolve({ ...createBlobSource(new Blob()), identity }),
      checkpoints: {
        ...following.checkpoints,
        lock: (id) =>
          following.checkpoints.lock(id).catch((reason: unknown) => {
            failures.push(UploadError.from(reason));
            throw reason;
          }),
      },
      ...{ transport: createPageTransport(), controlPlane, clock: systemClock, random: systemRandom },
    },
    {
      ...options,
      signal: AbortSignal.abort(),
      onEvent: (event) => event.type === 'cleanup-failed' && failures.push(event.error),
    },
  );
  following.attach(upload);
  await upload.result.catch(() => undefined);
  return failures.at(0);
}

/** What cannot be aborted, or not even read, and is nobody's. */
async function removeAlone(checkpoints: PageCheckpoints, id: string): Promise<void> {
  const lease = await checkpoints.lock(id);
  try {
    await checkpoints.remove(id);
  } finally {
    await lease.release();
  }
}
