import type { Upload, UploaderOptions } from '@partway/core';
import { createUploader as createCoreUploader } from '@partway/core/ports';
import { createPageTransport } from './transports/page-transport.ts';
import { prepareUpload, type UploadFileOptions } from './upload-file.ts';

/** Uploads several files within one limit of concurrent requests, shared fairly between the files. */
export interface FileUploader {
  /** Like `uploadFile`. The upload starts when the limits of the uploader allow it. */
  uploadFile(file: Blob, options: UploadFileOptions): Upload;
  /** Changes the number of concurrent requests, 1 to 256. Throws a `RangeError` for any other. */
  setConcurrency(concurrency: number): void;
}

/**
 * Makes a {@link FileUploader}. Throws a `RangeError` that names the invalid option. `concurrencyMax` is 6 by
 * default, the number of connections that a page has to a bucket: requests beyond that would wait for a
 * connection, and count as stalled.
 */
export function createUploader(options: UploaderOptions = {}): FileUploader {
  const { concurrencyMax = createPageTransport().connectionsMax } = options;
  const uploader = createCoreUploader({ ...options, concurrencyMax });
  return {
    uploadFile(file, uploadOptions) {
      const { ports, options: resolved, attach } = prepareUpload(file, uploadOptions);
      const upload = uploader.start(ports, resolved);
      attach(upload);
      return upload;
    },
    setConcurrency: uploader.setConcurrency,
  };
}
