import type { ByteStream, Upload, UploaderOptions } from '@partway/core';
import { createUploader as createCoreUploader } from '@partway/core/ports';
import { createSpillFiles } from './files/spill-files.ts';
import { learnFrom } from './transport/link-speed.ts';
import { fileUpload, type UploadFileOptions } from './upload-file.ts';
import { beginStream, type UploadStreamOptions } from './upload-stream.ts';

export interface FileUploaderOptions extends UploaderOptions {
  /**
   * Where parts of streams are kept for which there is no memory. Default: the system's directory for that.
   */
  readonly directory?: string | undefined;
}

/** Uploads many files and streams within one budget of requests and memory, and lets none of them starve. */
export interface FileUploader {
  /** Like `uploadFile`. The upload begins when its turn has come. */
  uploadFile(path: string | URL, options: UploadFileOptions): Upload;
  /** Like `uploadStream`, with the memory of all. The stream is not read before its turn has come. */
  uploadStream(stream: ByteStream, options: Omit<UploadStreamOptions, 'memoryMax' | 'directory'>): Upload;
  /** Requests in flight from now on, 1 to 256. */
  setConcurrency(concurrency: number): void;
}

/**
 * Throws a `RangeError` that names the option.
 *
 * @example
 * ```ts
 * import { createHttpControlPlane, createUploader } from '@partway/node';
 *
 * const controlPlane = createHttpControlPlane('https://app.example.com/uploads', {
 *   headers: { authorization: 'Bearer wei' },
 * });
 * const uploader = createUploader({ concurrency: 8, filesMax: 2 });
 * const uploads = ['movie.mp4', 'trailer.mp4', 'poster.png'].map((name) =>
 *   uploader.uploadFile(`./${name}`, { controlPlane, key: name }),
 * );
 * const objects = await Promise.all(uploads.map(({ result }) => result));
 * console.log(objects.map(({ key }) => key));
 * ```
 */
export function createUploader({ directory, ...options }: FileUploaderOptions = {}): FileUploader {
  const uploader = createCoreUploader(options, createSpillFiles(directory));
  return {
    uploadFile(path, uploadOptions) {
      const [ports, fileOptions] = fileUpload(path, uploadOptions);
      return learnFrom(uploader.start(ports, fileOptions), ports.transport);
    },
    uploadStream: (stream, uploadOptions) => beginStream(stream, uploadOptions, uploader.startStream),
    setConcurrency: uploader.setConcurrency,
  };
}
