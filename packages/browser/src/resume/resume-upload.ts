import { type ObjectOptions, type Upload, UploadError } from '@partway/core';
import { loadUnfinishedUpload, sourceChangedError, type UnfinishedUploadDetails } from '@partway/core/ports';
import { createBlobSource, unreadableBlobError } from '../blob-source.ts';
import { type UploadFileOptions, uploadFile } from '../upload-file.ts';
import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';

/** What an unfinished upload does not remember by itself. */
export interface ResumeUploadOptions
  extends Omit<UploadFileOptions, 'key' | 'partSize' | 'resume' | 'checkpoints' | keyof ObjectOptions> {
  /** Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
}

/**
 * Resumes the unfinished upload `id` with the file that the user has chosen again. What
 * OSS holds is proven by the bytes of this file, and not sent again. Rejects with code `source_changed` when
 * its name, size, type or modification time is another than before, and with `upload_not_found` when there is
 * no such upload; nothing is touched then. A tab that works on it makes `result` reject with `upload_locked`.
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
  const remembered = await rememberedOptions(id, file, checkpoints);
  return uploadFile(file, { ...others, ...remembered, checkpoints });
}

/** What the upload of this file began with. Rejects as `resume` does. */
export async function rememberedOptions(
  id: string,
  file: Blob,
  checkpoints: PageCheckpoints,
): Promise<UnfinishedUploadDetails['options']> {
  const { identity, fingerprint, options } = await resumptionOf(checkpoints, id);
  const source = createBlobSource(file);
  const isSame = source.identity === identity && (await source.fingerprint()) === fingerprint;
  await source.close();
  if (!isSame) {
    throw sourceChangedError('the file chosen is not the one that its upload began with');
  }
  return options;
}

/**
 * The same without choosing the file again, for uploads that were given a `handle`. To be called in answer to
 * a click: the browser may ask the user for permission. Rejects with code `source_unreadable` when no handle
 * is kept, the user refuses, or the file is gone: then the user has to choose it again.
 */
export async function resumeUploadByHandle(id: string, options: ResumeUploadOptions): Promise<Upload> {
  const { checkpoints = createIndexedDbCheckpoints() } = options;
  const { file, handle } = await openByHandle(id, checkpoints);
  return resumeUpload(id, file, { ...options, checkpoints, handle });
}

/** The file that the handle of an upload leads to. Rejects as `resumeUploadByHandle` does. */
export async function openByHandle(
  id: string,
  checkpoints: PageCheckpoints,
): Promise<{ readonly file: File; readonly handle: FileSystemFileHandle }> {
  await resumptionOf(checkpoints, id);
  const handle = await checkpoints.loadHandle(id);
  if (handle === undefined) throw unreadable('no handle of it is kept');
  if (!(await mayRead(handle))) throw unreadable('the user does not let the page read it');
  const file = await handle.getFile().catch((reason: unknown) => {
    throw unreadableBlobError(reason);
  });
  return { file, handle };
}

async function resumptionOf(checkpoints: PageCheckpoints, id: string): Promise<UnfinishedUploadDetails> {
  const resumption = await loadUnfinishedUpload(checkpoints, id);
  if (resumption?.identity.startsWith('blob:') === true) return resumption;
  throw new UploadError({
    code: 'upload_not_found',
    message: `there is no unfinished upload of a file by the id ${id}`,
    disposition: 'permanent',
    hint: '`listUnfinishedUploads` gives those there are.',
  });
}

/** What browsers with file handles have, and the standard has not. */
interface AskedForPermission {
  queryPermission?(wanted: { readonly mode: 'read' }): Promise<PermissionState>;
  requestPermission?(wanted: { readonly mode: 'read' }): Promise<PermissionState>;
}

/** Asks the user only where the permission has not outlived the page. */
async function mayRead(handle: FileSystemFileHandle & AskedForPermission): Promise<boolean> {
  const wanted = { mode: 'read' } as const;
  const before = (await handle.queryPermission?.(wanted)) ?? 'granted';
  if (before === 'granted') return true;
  // Without a click it rejects with a SecurityError, which is a refusal too.
  const answer = await handle.requestPermission?.(wanted).catch(() => 'denied' as const);
  return answer === 'granted';
}

function unreadable(why: string): UploadError {
  return new UploadError({
    code: 'source_unreadable',
    message: `the file cannot be read: ${why}`,
    disposition: 'permanent',
    hint: 'Ask the user to choose the file again, and call resume.',
  });
}
