import type { ByteStream, Upload, UploaderOptions } from '@partway/core';
import { createUploader as createCoreUploader } from '@partway/core/ports';
import { createSpillFiles } from './files/spill-files.ts';
import { measureLinkSpeed } from './transport/link-speed.ts';
import { prepareUpload, type UploadFileOptions } from './upload-file.ts';
import { startWith, type UploadStreamOptions } from './upload-stream.ts';

/** Options of {@link createUploader}. */
export interface FileUploaderOptions extends UploaderOptions {
  /**
   * The directory for temporary files, which store the parts of streams for which `memoryMax` has no room.
   * Default: the system's directory for temporary files.
   */
  readonly directory?: string | undefined;
}

/** Uploads several files and streams within one limit of concurrent requests and of memory, shared fairly. */
export interface FileUploader {
  /** Like `uploadFile`. The upload starts when the limits of the uploader allow it. */
  uploadFile(path: string | URL, options: UploadFileOptions): Upload;
  /** Like `uploadStream`, with the memory of the uploader. Nothing is read before the upload starts. */
  uploadStream(stream: ByteStream, options: Omit<UploadStreamOptions, 'memoryMax' | 'directory'>): Upload;
  /** Changes the number of concurrent requests, 1 to 256. Throws a `RangeError` for any other. */
  setConcurrency(concurrency: number): void;
}

/**
 * Makes a {@link FileUploader}. Throws a `RangeError` that names the invalid option.
 *
 * @example
 * ```ts
 * import { createUploader } from '@partway/node';
 *
 * const uploader = createUploader({ concurrency: 8, filesMax: 2 });
 * const uploads = ['movie.mp4', 'trailer.mp4', 'poster.png'].map((name) =>
 *   uploader.uploadFile(`./${name}`, {
 *     endpoint: 'https://app.example.com/uploads',
 *     headers: { authorization: 'Bearer wei' },
 *     key: name,
 *   }),
 * );
 * const objects = await Promise.all(uploads.map(({ result }) => result));
 * console.log(objects.map(({ key }) => key));
 * ```
 */
export function createUploader({ directory, ...options }: FileUploaderOptions = {}): FileUploader {
  const uploader = createCoreUploader(options, createSpillFiles(directory));
  return {
    uploadFile(path, uploadOptions) {
      const [ports, fileOptions] = prepareUpload(path, uploadOptions);
      return measureLinkSpeed(uploader.start(ports, fileOptions), ports.transport);
    },
    uploadStream: (stream, uploadOptions) => startWith(uploader.startStream, stream, uploadOptions),
    setConcurrency: uploader.setConcurrency,
  };
}
