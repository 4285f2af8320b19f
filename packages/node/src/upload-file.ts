import { fileURLToPath } from 'node:url';
import type { Upload, UploadOptions } from '@partway/core';
import { assertOptions } from '@partway/core/internal';
import { type CheckpointStore, startUpload, type UploadPorts } from '@partway/core/ports';
import { createFileSource } from './files/file-source.ts';
import { type ConnectionOptions, createPlatformPorts } from './platform-ports.ts';
import { getPreferredPartSize, measureLinkSpeed } from './transport/link-speed.ts';

/** Options of {@link uploadFile}. Exactly one of `endpoint` and `controlPlane` is required. */
export interface UploadFileOptions extends UploadOptions, ConnectionOptions {
  /**
   * Stores unfinished uploads, so that uploading the same file to the same key resumes after a crash: see
   * `createFileCheckpoints`. Requires a coordinator with persistent `tokenKeys`. Default: none; a failed
   * upload is removed from OSS.
   */
  readonly checkpoints?: CheckpointStore | undefined;
}

/**
 * Starts to upload a regular file and returns at once; `result` resolves when the object is stored and
 * verified. Throws a `TypeError` or `RangeError` for an invalid option. If the file cannot be read, `result`
 * rejects with code `source_unreadable`; if it changes during the upload, with `source_changed`.
 *
 * @example
 * ```ts
 * import { uploadFile } from '@partway/node';
 *
 * const upload = uploadFile('./movie.mp4', {
 *   endpoint: 'https://app.example.com/uploads',
 *   headers: { authorization: 'Bearer wei' },
 *   key: 'movie.mp4',
 * });
 * upload.subscribe(() => console.log(upload.snapshot().confirmedBytes));
 * const { key, size, crc64 } = await upload.result;
 * console.log(`${key}: ${size} bytes, CRC64 ${crc64}`);
 * ```
 */
export function uploadFile(path: string | URL, options: UploadFileOptions): Upload {
  const [ports, uploadOptions] = prepareUpload(path, options);
  return measureLinkSpeed(startUpload(ports, uploadOptions), ports.transport);
}

/** Checks the options and returns the ports and the options of the engine. */
export function prepareUpload(path: string | URL, options: UploadFileOptions): [UploadPorts, UploadOptions] {
  assertOptions(options);
  const filePath = toFilePath(path);
  const { endpoint, controlPlane, headers, transport, checkpoints, ...uploadOptions } = options;
  const platform = createPlatformPorts({ endpoint, controlPlane, headers, transport });
  const ports = {
    ...platform,
    openSource: () => createFileSource(filePath),
    checkpoints,
    preferredPartSize: (size: number) => getPreferredPartSize(platform.transport, size),
  };
  return [ports, uploadOptions];
}

function toFilePath(path: string | URL): string {
  if (typeof path === 'string' && path !== '') return path;
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  throw new TypeError('path must be the path of a file, or a file: URL');
}
