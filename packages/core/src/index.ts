// Above: for those who upload. Below: for those who write a port, or a package like @partway/node.

export { unlessAborted } from './abort.ts';
export type { Callback, CallbackReply } from './callback.ts';
export type { ChecksummedPiece, Crc64 } from './checksum/crc64.ts';
export { combineCrc64, crc64, createCrc64 } from './checksum/crc64.ts';
export { createPortableCrc64 } from './checksum/portable-crc64.ts';
export type { Disposition, ErrorContext, UploadErrorCode } from './errors.ts';
export { UploadError } from './errors.ts';
export type { HeadersToSend, HttpControlPlaneOptions } from './http/http-control-plane.ts';
export { createHttpControlPlane } from './http/http-control-plane.ts';
export type { LogRecord } from './log-record.ts';
export { logRecord, logUploads } from './log-record.ts';
export type {
  CompletedUpload,
  ListedUpload,
  ObjectHead,
  ObjectStore,
  PresignedRequest,
  PresignedUploadPart,
  StoreCompleteRequest,
  StoreInitiateRequest,
  StoreListPartsRequest,
  StoreListUploadsRequest,
  StoreObjectRequest,
  StorePresignPartsRequest,
  StorePresignRequest,
  StoreUploadRequest,
} from './object-store-port.ts';
export type {
  RetryOptions,
  StallOptions,
  StreamUploadOptions,
  UploaderOptions,
  UploadOptions,
} from './options.ts';
export { assertControlPlane, assertOptions } from './options.ts';
export type { PartBodyOptions } from './parts/part-body.ts';
export { createPartBody, sourceChangedError } from './parts/part-body.ts';
export { createPartBuffers } from './parts/part-buffers.ts';
export type { Part } from './parts/part-plan.ts';
export { choosePartSize, planParts } from './parts/part-plan.ts';
export type {
  CheckpointStore,
  Clock,
  CompleteRequest,
  ControlPlane,
  InitiatedUpload,
  InitiateRequest,
  Lease,
  ListedPart,
  ListPartsRequest,
  ObjectOptions,
  PartBody,
  PartBuffer,
  PartBuffers,
  PartRequest,
  PartResponse,
  PresignedPart,
  PresignPartsRequest,
  Random,
  Receipt,
  Source,
  StorageClass,
  Transport,
  UploadedObject,
  UploadRequest,
} from './ports.ts';
export { ERROR_BODY_MAX } from './ports.ts';
export { systemClock, systemRandom } from './system.ts';
export { createInMemoryCheckpoints, uploadLockedError } from './upload/checkpoints/in-memory-checkpoints.ts';
export type { UnfinishedUpload, UnfinishedUploadDetails } from './upload/checkpoints/unfinished-uploads.ts';
export {
  countStoredBytes,
  listUnfinishedUploads,
  loadUnfinishedUpload,
} from './upload/checkpoints/unfinished-uploads.ts';
export type { UploadEvent } from './upload/progress/events.ts';
export type { UploadSnapshot } from './upload/progress/snapshot.ts';
export type { RetryingControlPlaneOptions } from './upload/resilience/retrying-control-plane.ts';
export { createRetryingControlPlane } from './upload/resilience/retrying-control-plane.ts';
export type { StreamPorts, UploadPorts } from './upload/run-context.ts';
export type { ByteStream } from './upload/stream/part-cutter.ts';
export type { Upload } from './upload/upload.ts';
export { startBrowserUpload, startStreamUpload, startUpload } from './upload/upload.ts';
export type { Uploader } from './upload/uploader.ts';
export { createUploader } from './upload/uploader.ts';
