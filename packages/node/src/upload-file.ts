import { fileURLToPath } from 'node:url';
import type { Upload, UploadOptions } from '@partway/core';
import { assertOptions } from '@partway/core/internal';
import { type CheckpointStore, startUpload, type UploadPorts } from '@partway/core/ports';
import { createFileSource } from './files/file-source.ts';
import { type PlatformOptions, platformPorts } from './platform-ports.ts';
import { learnFrom, preferredPartSize } from './transport/link-speed.ts';

export interface UploadFileOptions extends UploadOptions, PlatformOptions {
  /**
   * Where unfinished uploads are remembered, so that the same file to the same key is resumed after a crash:
   * see `createFileCheckpoints`. The coordinator needs lasting `tokenKeys` then. Default: nowhere, and a
   * failed upload is removed from OSS.
   */
  readonly checkpoints?: CheckpointStore | undefined;
}

/**
 * Uploads a regular file and returns at once; `result` tells how it ends. Throws a `TypeError` or
 * `RangeError` for a wrong option. A file that cannot be read, or that changes meanwhile, rejects `result`
 * with `source_unreadable` or `source_changed`.
 *
 * @example
 * ```ts
 * import { createHttpControlPlane, uploadFile } from '@partway/node';
 *
 * const controlPlane = createHttpControlPlane('https://app.example.com/uploads', {
 *   headers: { authorization: 'Bearer wei' },
 * });
 * const upload = uploadFile('./movie.mp4', { controlPlane, key: 'movie.mp4' });
 * upload.subscribe(() => console.log(upload.snapshot().confirmedBytes));
 * const { key, size, crc64 } = await upload.result;
 * console.log(`${key}: ${size} bytes, CRC64 ${crc64}`);
 * ```
 */
export function uploadFile(path: string | URL, options: UploadFileOptions): Upload {
  const [ports, uploadOptions] = fileUpload(path, options);
  return learnFrom(startUpload(ports, uploadOptions), ports.transport);
}

/** What the engine needs to upload a file: its ports, and its options. */
export function fileUpload(path: string | URL, options: UploadFileOptions): [UploadPorts, UploadOptions] {
  assertOptions(options);
  const filePath = pathOf(path);
  const { controlPlane, checkpoints, transport, ...uploadOptions } = options;
  const openSource = (): ReturnType<typeof createFileSource> => createFileSource(filePath);
  const platform = platformPorts(controlPlane, transport);
  const preferred = (size: number): number | undefined => preferredPartSize(platform.transport, size);
  return [{ openSource, checkpoints, preferredPartSize: preferred, ...platform }, uploadOptions];
}

function pathOf(path: string | URL): string {
  if (typeof path === 'string' && path !== '') return path;
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  throw new TypeError('path must be the path of a file, or a file: URL');
}
