export type {
  ControlPlane,
  Disposition,
  ErrorContext,
  HttpControlPlaneOptions,
  ObjectOptions,
  RetryOptions,
  StallOptions,
  StorageClass,
  Upload,
  UploadErrorCode,
  UploadEvent,
  UploadedObject,
  UploaderOptions,
  UploadOptions,
  UploadSnapshot,
} from '@partway/core';
export { createHttpControlPlane, UploadError } from '@partway/core';
export type { UploadFileOptions } from './upload-file.ts';
export { uploadFile } from './upload-file.ts';
export type { FileUploader } from './uploader.ts';
export { createUploader } from './uploader.ts';

// Above: for those who upload. Below: for those who put an upload together from its ports.

export type { BlobPartBody, BlobSource } from './blob-source.ts';
export { createBlobSource } from './blob-source.ts';
export type { FetchTransportOptions } from './fetch-transport.ts';
export { createFetchTransport } from './fetch-transport.ts';
