import { type Upload, UploadError } from '@partway/core';
import { type CheckpointStore, loadUnfinishedUpload } from '@partway/core/ports';
import { type UploadFileOptions, uploadFile } from './upload-file.ts';

/** What an unfinished upload does not remember by itself. */
export interface ResumeUploadOptions
  extends Pick<
    UploadFileOptions,
    | 'controlPlane'
    | 'transport'
    | 'concurrency'
    | 'verifyExistingParts'
    | 'hedge'
    | 'retry'
    | 'stall'
    | 'signal'
    | 'onEvent'
  > {
  readonly checkpoints: CheckpointStore;
}

/**
 * Goes on with the unfinished upload that `listUnfinishedUploads` calls `id`: the same file, to the same key.
 * Rejects with code `upload_not_found` when there is no such checkpoint, it cannot be read, or it is not of a
 * file.
 *
 * @example
 * ```ts
 * import {
 *   createFileCheckpoints,
 *   createHttpControlPlane,
 *   listUnfinishedUploads,
 *   resumeUpload,
 * } from '@partway/node';
 *
 * const controlPlane = createHttpControlPlane('https://app.example.com/uploads', {
 *   headers: { authorization: 'Bearer wei' },
 * });
 * // The directory that `uploadFile` was given before the process ended.
 * const checkpoints = createFileCheckpoints('./checkpoints');
 * for (const { id, key } of await listUnfinishedUploads(checkpoints)) {
 *   const upload = await resumeUpload(id, { controlPlane, checkpoints });
 *   await upload.result;
 *   console.log(`${key} is complete`);
 * }
 * ```
 */
export async function resumeUpload(id: string, options: ResumeUploadOptions): Promise<Upload> {
  const resumption = await loadUnfinishedUpload(options.checkpoints, id);
  const path = /^file:(.+)$/s.exec(resumption?.identity ?? '')?.[1];
  if (resumption === undefined || path === undefined) throw noCheckpoint(id);
  return uploadFile(path, { ...resumption.options, ...options });
}

function noCheckpoint(id: string): UploadError {
  return new UploadError({
    code: 'upload_not_found',
    message: `there is no unfinished upload of a file by the id ${id}`,
    disposition: 'permanent',
    hint: '`listUnfinishedUploads` gives those there are.',
  });
}
