export type {
  ByteStream,
  ControlPlane,
  CoordinatorConnection,
  Disposition,
  ErrorContext,
  HttpControlPlaneOptions,
  ObjectOptions,
  RetryOptions,
  StallOptions,
  StorageClass,
  StreamUploadOptions,
  UnfinishedUpload,
  Upload,
  UploadErrorCode,
  UploadEvent,
  UploadedObject,
  UploaderOptions,
  UploadOptions,
  UploadSnapshot,
} from '@partway/core';
export { createHttpControlPlane, UploadError } from '@partway/core';
export type { CheckpointStore } from '@partway/core/ports';
export { listUnfinishedUploads } from '@partway/core/ports';
export type { AliOssClient } from './ali-oss/ali-oss-object-store.ts';
export { createAliOssObjectStore } from './ali-oss/ali-oss-object-store.ts';
export { createFileCheckpoints } from './files/file-checkpoints.ts';
export type { RemoveUploadOptions } from './remove-upload.ts';
export { removeUpload } from './remove-upload.ts';
export type { ResumeUploadOptions } from './resume-upload.ts';
export { resumeUpload } from './resume-upload.ts';
export type { UploadFileOptions } from './upload-file.ts';
export { uploadFile } from './upload-file.ts';
export type { UploadStreamOptions } from './upload-stream.ts';
export { uploadStream } from './upload-stream.ts';
export type { FileUploader, FileUploaderOptions } from './uploader.ts';
export { createUploader } from './uploader.ts';

// Above: for those who upload. Below: for those who implement a port, or run uploads over ports of their own.

export { createFileSource } from './files/file-source.ts';
export { createSpillFiles } from './files/spill-files.ts';
export { createUndiciFetch } from './transport/undici-fetch.ts';
export type { UndiciTransport, UndiciTransportOptions } from './transport/undici-transport.ts';
export { createUndiciTransport } from './transport/undici-transport.ts';
