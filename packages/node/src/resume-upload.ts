import type { ObjectOptions, Upload } from '@partway/core';
import { uploadNotFoundError } from '@partway/core/internal';
import { type CheckpointStore, loadUnfinishedUpload } from '@partway/core/ports';
import { type UploadFileOptions, uploadFile } from './upload-file.ts';

/** The options of `uploadFile`, without those that are stored with the unfinished upload. */
export interface ResumeUploadOptions
  extends Omit<UploadFileOptions, 'key' | 'partSize' | 'resume' | 'checkpoints' | keyof ObjectOptions> {
  /** The store that holds the upload: the one that `uploadFile` was given. */
  readonly checkpoints: CheckpointStore;
}

/**
 * Resumes the unfinished upload `id` of `listUnfinishedUploads`: the same file, to the same key. Parts that
 * OSS has are compared with the bytes of the file, and not sent again. Rejects with code `upload_not_found`
 * if there is no such checkpoint, it cannot be read, or its source is not a file. If the file has changed,
 * `result` rejects with `source_changed`; while another process is uploading it, with `upload_locked`.
 *
 * @example
 * ```ts
 * import { createFileCheckpoints, listUnfinishedUploads, resumeUpload } from '@partway/node';
 *
 * // The directory that `uploadFile` was given before the process ended.
 * const checkpoints = createFileCheckpoints('./checkpoints');
 * for (const { id, key } of await listUnfinishedUploads(checkpoints)) {
 *   const upload = await resumeUpload(id, {
 *     endpoint: 'https://app.example.com/uploads',
 *     headers: { authorization: 'Bearer wei' },
 *     checkpoints,
 *   });
 *   await upload.result;
 *   console.log(`${key} is complete`);
 * }
 * ```
 */
export async function resumeUpload(id: string, options: ResumeUploadOptions): Promise<Upload> {
  const unfinished = await loadUnfinishedUpload(options.checkpoints, id);
  const path = /^file:(.+)$/s.exec(unfinished?.identity ?? '')?.[1];
  if (unfinished === undefined || path === undefined) {
    throw uploadNotFoundError(`the checkpoint store has no unfinished upload of a file with the id ${id}`, {
      hint: '`listUnfinishedUploads` returns the ids of the store.',
    });
  }
  return uploadFile(path, { ...options, ...unfinished.options });
}
