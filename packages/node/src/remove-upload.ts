import type { CoordinatorConnection, RetryOptions } from '@partway/core';
import { assertOptions } from '@partway/core/internal';
import { abortUnfinishedUpload, type CheckpointStore, systemClock, systemRandom } from '@partway/core/ports';
import { connectCoordinator } from './platform-ports.ts';

/** Options of {@link removeUpload}. Exactly one of `endpoint` and `controlPlane` is required. */
export interface RemoveUploadOptions extends Omit<CoordinatorConnection, 'credentials'> {
  /** The store that holds the upload: the one that `uploadFile` was given. */
  readonly checkpoints: CheckpointStore;
  /** How often a transient failure is retried. Default: the defaults of its fields. */
  readonly retry?: RetryOptions | undefined;
  /** Ends the retries: the promise rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes the unfinished upload `id` of `listUnfinishedUploads` from OSS, and then its checkpoint. Resolves
 * also if there is no such upload. If the coordinator no longer accepts the upload's token, only the
 * checkpoint is removed: the parts stay in OSS until a lifecycle rule or a sweep removes them. Rejects with
 * code `upload_locked` while a process is uploading it, and with the error of a failed abort, after which the
 * checkpoint is still there. Rejects with a `TypeError` for an invalid option.
 *
 * @example
 * ```ts
 * import { createFileCheckpoints, listUnfinishedUploads, removeUpload } from '@partway/node';
 *
 * // The directory that `uploadFile` was given before the process ended.
 * const checkpoints = createFileCheckpoints('./checkpoints');
 * for (const { id, key } of await listUnfinishedUploads(checkpoints)) {
 *   await removeUpload(id, {
 *     endpoint: 'https://app.example.com/uploads',
 *     headers: { authorization: 'Bearer wei' },
 *     checkpoints,
 *   });
 *   console.log(`${key} is removed`);
 * }
 * ```
 */
export async function removeUpload(id: string, options: RemoveUploadOptions): Promise<void> {
  assertOptions(options);
  const { checkpoints, retry, signal, ...connection } = options;
  const controlPlane = connectCoordinator(connection);
  const ports = { checkpoints, controlPlane, clock: systemClock, random: systemRandom };
  await abortUnfinishedUpload(ports, id, { retry, signal });
}
