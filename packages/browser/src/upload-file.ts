import type { CoordinatorConnection, Upload, UploadOptions } from '@partway/core';
import { assertOptions, resolveControlPlane } from '@partway/core/internal';
import {
  type CheckpointStore,
  startBrowserUpload,
  systemClock,
  systemRandom,
  type Transport,
  type UploadPorts,
} from '@partway/core/ports';
import { openBlobSource } from './blob-source.ts';
import type { PageCheckpoints, TrackedUpload } from './resume/page-checkpoints.ts';
import { createPageTransport } from './transports/page-transport.ts';

/** Exactly one of `endpoint` and `controlPlane` is required. */
export interface UploadFileOptions extends Omit<UploadOptions, 'key'>, CoordinatorConnection {
  /** The object's key, 1 to 1023 bytes of UTF-8. Default: the name of the File; required for a Blob. */
  readonly key?: string | undefined;
  /** The object's Content-Type. Default: the type of the File, if it has one. */
  readonly contentType?: string | undefined;
  /** Sends the parts to OSS. Default: XMLHttpRequest, or `fetch` in a service worker. */
  readonly transport?: Transport | undefined;
  /**
   * Stores unfinished uploads, so that uploading the same file to the same key resumes after a reload: see
   * `createIndexedDbCheckpoints`. Requires a coordinator with persistent `tokenKeys`. A different file with
   * the same name and key rejects with `source_changed`, unless `resume` is false. Default: none; a failed
   * upload is removed from OSS.
   */
  readonly checkpoints?: CheckpointStore | undefined;
  /**
   * The handle of the file, from `showOpenFilePicker` or `getAsFileSystemHandle`. It is stored with the
   * checkpoint, for `resumeUploadByHandle`. Default: none; after a reload the user has to choose the file
   * again.
   */
  readonly handle?: FileSystemFileHandle | undefined;
}

/**
 * Starts to upload a File or Blob and returns at once; `result` resolves when the object is stored and
 * verified. Throws a `TypeError` or `RangeError` for an invalid option. The coordinator checks the key and
 * the object's properties: if it rejects them, `result` rejects with code `refused`.
 *
 * @example
 * ```ts
 * import { uploadFile } from '@partway/browser';
 *
 * const input = document.querySelector<HTMLInputElement>('input[type=file]');
 * const file = input?.files?.[0];
 * if (file !== undefined) {
 *   const upload = uploadFile(file, { endpoint: '/uploads', headers: { authorization: 'Bearer wei' } });
 *   upload.subscribe(() => console.log(upload.snapshot().sentBytes));
 *   const { key, crc64 } = await upload.result;
 *   console.log(`${key}: CRC64 ${crc64}`);
 * }
 * ```
 */
export function uploadFile(file: Blob, options: UploadFileOptions): Upload {
  const { ports, options: resolved, attach } = prepareUpload(file, options);
  const upload = startBrowserUpload(ports, resolved);
  attach(upload);
  return upload;
}

/** Everything the engine needs to upload a file. */
export interface PreparedUpload {
  readonly ports: UploadPorts;
  readonly options: UploadOptions;
  /** To be called with the upload as soon as it has started. */
  readonly attach: (upload: Upload) => void;
}

/** Checks the options and resolves their defaults. Throws a `TypeError` or `RangeError`. */
export function prepareUpload(file: Blob, options: UploadFileOptions): PreparedUpload {
  assertOptions(options);
  if (!(file instanceof Blob)) throw new TypeError('file must be a File or Blob');
  const {
    endpoint,
    controlPlane,
    headers,
    credentials,
    transport = createPageTransport(),
    key = nameOf(file),
    contentType = file.type === '' ? undefined : file.type,
    checkpoints,
    handle,
    ...uploadOptions
  } = options;
  const tracker = trackFile(checkpoints, file, { key, handle });
  const ports = {
    openSource: () => openBlobSource(file),
    transport,
    controlPlane: resolveControlPlane({ endpoint, controlPlane, headers, credentials }),
    checkpoints: tracker.checkpoints,
    // Outside of browsers `onLine` is undefined: the network counts as available.
    isOnline: () => navigator.onLine !== false,
    clock: systemClock,
    random: systemRandom,
  };
  return { ports, options: { ...uploadOptions, key, contentType }, attach: tracker.attach };
}

function nameOf(file: Blob): string {
  if (file instanceof File) return file.name;
  throw new TypeError('key is required: a Blob has no name');
}

/** Checkpoints of a page also track the upload; others go to the engine unchanged. */
function trackFile(
  checkpoints: CheckpointStore | undefined,
  file: Blob,
  { key, handle }: Pick<TrackedUpload, 'key' | 'handle'>,
): Pick<PreparedUpload, 'attach'> & { readonly checkpoints: CheckpointStore | undefined } {
  if (!isPageCheckpoints(checkpoints)) return { checkpoints, attach: () => undefined };
  return checkpoints.track({ name: file instanceof File ? file.name : '', size: file.size, key, handle });
}

function isPageCheckpoints(checkpoints: CheckpointStore | undefined): checkpoints is PageCheckpoints {
  return checkpoints !== undefined && 'track' in checkpoints;
}
