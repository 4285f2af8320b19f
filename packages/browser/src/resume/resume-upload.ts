import type { ObjectOptions, Upload, UploadError } from '@partway/core';
import { sourceUnreadableError, uploadNotFoundError } from '@partway/core/internal';
import { loadUnfinishedUpload, sourceChangedError, type UnfinishedUploadDetails } from '@partway/core/ports';
import { createBlobSource, unreadableBlobError } from '../blob-source.ts';
import { type UploadFileOptions, uploadFile } from '../upload-file.ts';
import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';

/** The options of `uploadFile`, without those that are stored with the unfinished upload. */
export interface ResumeUploadOptions
  extends Omit<UploadFileOptions, 'key' | 'partSize' | 'resume' | 'checkpoints' | keyof ObjectOptions> {
  /** The store that holds the upload. Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
}

/**
 * Resumes the unfinished upload `id` with the file that the user has chosen again. Parts that OSS has are
 * compared with the bytes of this file, and not sent again. Rejects with code `source_changed` if the file's
 * name, size, type or modification time differs, and with `upload_not_found` if there is no such upload;
 * both leave the upload as it is. If another tab is uploading it, `result` rejects with `upload_locked`.
 *
 * @example
 * ```ts
 * import { listUnfinishedUploads, resumeUpload } from '@partway/browser';
 *
 * const input = document.querySelector<HTMLInputElement>('input[type=file]');
 * const file = input?.files?.[0];
 * const uploads = await listUnfinishedUploads();
 * const unfinished = uploads.find(({ name, size }) => name === file?.name && size === file.size);
 * if (file !== undefined && unfinished !== undefined) {
 *   const options = { endpoint: '/uploads', headers: { authorization: 'Bearer wei' } };
 *   const upload = await resumeUpload(unfinished.id, file, options);
 *   await upload.result;
 * }
 * ```
 */
export async function resumeUpload(id: string, file: Blob, options: ResumeUploadOptions): Promise<Upload> {
  const { checkpoints = createIndexedDbCheckpoints(), ...others } = options;
  if (!(file instanceof Blob)) throw new TypeError('file must be a File or Blob');
  const stored = await loadOptionsForFile(id, file, checkpoints);
  return uploadFile(file, { ...others, ...stored, checkpoints });
}

/** Loads the options with which the upload of this file started. Rejects as `resumeUpload` does. */
export async function loadOptionsForFile(
  id: string,
  file: Blob,
  checkpoints: PageCheckpoints,
): Promise<UnfinishedUploadDetails['options']> {
  const { identity, fingerprint, options } = await loadDetails(checkpoints, id);
  const source = createBlobSource(file);
  const isSameFile = source.identity === identity && (await source.fingerprint()) === fingerprint;
  await source.close();
  if (!isSameFile) throw sourceChangedError('the chosen file is not the one with which the upload started');
  return options;
}

/**
 * Resumes an upload that was given a `handle`, without the user choosing the file again. Call it from a click
 * handler: the browser may ask the user for permission. Rejects as `resumeUpload` does, and with code
 * `source_unreadable` if there is no handle, the user denies permission, or the file was deleted: then the
 * user has to choose the file again.
 */
export async function resumeUploadByHandle(id: string, options: ResumeUploadOptions): Promise<Upload> {
  const { checkpoints = createIndexedDbCheckpoints() } = options;
  const { file, handle } = await openFileByHandle(id, checkpoints);
  return resumeUpload(id, file, { ...options, checkpoints, handle });
}

/** Opens the file by the handle of its upload. Rejects as `resumeUploadByHandle` does. */
export async function openFileByHandle(
  id: string,
  checkpoints: PageCheckpoints,
): Promise<{ readonly file: File; readonly handle: FileSystemFileHandle }> {
  await loadDetails(checkpoints, id);
  const handle = await checkpoints.loadHandle(id);
  if (handle === undefined) throw unreadableHandleError('the upload has no file handle');
  if (!(await requestReadAccess(handle))) throw unreadableHandleError('the user denied permission');
  const file = await handle.getFile().catch((reason: unknown) => {
    throw unreadableBlobError(reason);
  });
  return { file, handle };
}

async function loadDetails(checkpoints: PageCheckpoints, id: string): Promise<UnfinishedUploadDetails> {
  const details = await loadUnfinishedUpload(checkpoints, id);
  if (details?.identity.startsWith('blob:') === true) return details;
  throw uploadNotFoundError(`there is no unfinished upload of a file with the ID ${id}`, {
    hint: '`listUnfinishedUploads` returns the IDs of all unfinished uploads.',
  });
}

/** Methods that browsers with file handles have, although the standard does not define them. */
interface PermissionRequests {
  queryPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
  requestPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
}

/** The browser asks the user only if the permission was not kept since the last visit. */
async function requestReadAccess(handle: FileSystemFileHandle & PermissionRequests): Promise<boolean> {
  const options = { mode: 'read' } as const;
  const current = (await handle.queryPermission?.(options)) ?? 'granted';
  if (current === 'granted') return true;
  // Without a click it rejects with a SecurityError, which also counts as denied.
  const requested = await handle.requestPermission?.(options).catch(() => 'denied' as const);
  return requested === 'granted';
}

function unreadableHandleError(cause: string): UploadError {
  return sourceUnreadableError(`the file cannot be read: ${cause}`, {
    hint: 'Let the user choose the file again, and call resumeUpload.',
  });
}
