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
export { keepAwake } from './keep-awake.ts';
export type { IndexedDbCheckpointsOptions } from './resume/indexed-db-checkpoints.ts';
export { createIndexedDbCheckpoints } from './resume/indexed-db-checkpoints.ts';
export type { ListUnfinishedUploadsOptions, UnfinishedUpload } from './resume/list-unfinished-uploads.ts';
export { listUnfinishedUploads } from './resume/list-unfinished-uploads.ts';
export type { PageCheckpoints, TrackedUpload, UploadTracker } from './resume/page-checkpoints.ts';
export type { RemoveUploadOptions } from './resume/remove-upload.ts';
export { removeUpload } from './resume/remove-upload.ts';
export type { ResumeUploadOptions } from './resume/resume-upload.ts';
export { resumeUpload, resumeUploadByHandle } from './resume/resume-upload.ts';
export type { TabUpload } from './resume/tab-messages.ts';
export type { WaitUntilUnlockedOptions, WatchedUpload, WatchUploadsOptions } from './resume/watch-uploads.ts';
export { waitUntilUnlocked, watchUploads } from './resume/watch-uploads.ts';
export type { UploadFileOptions } from './upload-file.ts';
export { uploadFile } from './upload-file.ts';
export type { FileUploader } from './uploader.ts';
export { createUploader } from './uploader.ts';

// Above: for uploads. Below: the ports, for an upload that you assemble yourself.

export type { BlobPartBody, BlobSource } from './blob-source.ts';
export { createBlobSource } from './blob-source.ts';
export type { FetchTransportOptions } from './transports/fetch-transport.ts';
export { createFetchTransport } from './transports/fetch-transport.ts';
export { createXhrTransport } from './transports/xhr-transport.ts';
