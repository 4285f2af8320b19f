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

export interface RemoveUploadOptions {
  /** The side that holds the credentials. */
  readonly controlPlane: ControlPlane;
  /** Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
}

/**
 * Removes an unfinished upload from OSS, and then what the page remembers of it. Where
 * the coordinator does not open its token any more, OSS keeps the parts until a lifecycle rule, or a sweep,
 * removes them. Resolves when there is no such upload. Rejects with `upload_locked` while a tab works on it,
 * and with the failure of the abort, after which it is still listed.
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
  const following = checkpoints.follow({ name: fileNameOf(identity), size, key, handle: undefined });
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
