export type {
  ByteStream,
  CheckpointStore,
  ControlPlane,
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
export { createHttpControlPlane, listCheckpoints, UploadError } from '@partway/core';
export type { AliOssClient } from './ali-oss-object-store.ts';
export { createAliOssObjectStore } from './ali-oss-object-store.ts';
export { createFileCheckpoints } from './file-checkpoints.ts';
export type { ResumeUploadOptions } from './resume-upload.ts';
export { resumeUpload } from './resume-upload.ts';
export type { UploadFileOptions } from './upload-file.ts';
export { uploadFile } from './upload-file.ts';
export type { UploadStreamOptions } from './upload-stream.ts';
export { uploadStream } from './upload-stream.ts';
export type { FileUploader, FileUploaderOptions } from './uploader.ts';
export { createUploader } from './uploader.ts';

// Above: for those who upload. Below: for those who put an upload together from its ports.

export { createFileSource } from './file-source.ts';
export { createSpillFiles } from './spill-files.ts';
export { createUndiciFetch } from './undici-fetch.ts';
export type { UndiciTransport, UndiciTransportOptions } from './undici-transport.ts';
export { createUndiciTransport } from './undici-transport.ts';
