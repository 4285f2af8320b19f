// For those who upload: the client of the coordinator, errors, and the types of options, events and results.
// @partway/core/ports is for those who implement a port, or run uploads over ports of their own.

export type { Callback, CallbackReply } from './callback.ts';
export type { ChecksummedPiece, Crc64 } from './checksum/crc64.ts';
export { combineCrc64, crc64, createCrc64 } from './checksum/crc64.ts';
export type { ErrorFacts } from './error-facts.ts';
export type { Disposition, ErrorContext, UploadErrorCode, UploadErrorOptions } from './errors.ts';
export { UploadError } from './errors.ts';
export type { HeadersToSend, HttpControlPlaneOptions } from './http/http-control-plane.ts';
export { createHttpControlPlane } from './http/http-control-plane.ts';
export type { LogRecord } from './log-record.ts';
export { logRecord, logUploads } from './log-record.ts';
export type {
  CoordinatorConnection,
  RetryOptions,
  StallOptions,
  StreamUploadOptions,
  UploaderOptions,
  UploadOptions,
} from './options.ts';
export type { ControlPlane, ObjectOptions, StorageClass, UploadedObject } from './ports.ts';
export type { UnfinishedUpload } from './upload/checkpoints/unfinished-uploads.ts';
export type { UploadEvent, UploadFact } from './upload/progress/events.ts';
export type { UploadSnapshot } from './upload/progress/snapshot.ts';
export type { ByteStream, WebStream } from './upload/stream/part-cutter.ts';
export type { Upload } from './upload/upload.ts';
export type { Uploader } from './upload/uploader.ts';
