import type { Upload, UploaderOptions } from '@partway/core';
import { createUploader as createCoreUploader } from '@partway/core/ports';
import { createPageTransport } from './transports/page-transport.ts';
import { fileUpload, type UploadFileOptions } from './upload-file.ts';

/** Uploads many files within one budget of requests, and lets none of them starve. */
export interface FileUploader {
  /** Like `uploadFile`. The upload begins when its turn has come. */
  uploadFile(file: Blob, options: UploadFileOptions): Upload;
  /** Requests in flight from now on, 1 to 256. */
  setConcurrency(concurrency: number): void;
}

/**
 * Throws a `RangeError` that names the option. `concurrencyMax` is 6 by default, as many as a page has
 * connections to a bucket: requests beyond that would wait for them, and count as stalled.
 */
export function createUploader(options: UploaderOptions = {}): FileUploader {
  const { concurrencyMax = createPageTransport().connectionsMax } = options;
  const uploader = createCoreUploader({ ...options, concurrencyMax });
  return {
    uploadFile(file, uploadOptions) {
      const { attach, ...upload } = fileUpload(file, uploadOptions);
      const started = uploader.start(upload.ports, upload.options);
      attach(started);
      return started;
    },
    setConcurrency: uploader.setConcurrency,
  };
}
