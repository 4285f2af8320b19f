// Above: for those who upload. Below: for those who write a port, or a package like @partway/node.
export type { Callback, CallbackReply } from './callback.ts';
export type { ChecksummedPiece, Crc64 } from './checksum/crc64.ts';
export { combineCrc64, crc64, createCrc64 } from './checksum/crc64.ts';
export { createPortableCrc64 } from './checksum/portable-crc64.ts';
export type { Disposition, ErrorContext, UploadErrorCode } from './errors.ts';
export { UploadError } from './errors.ts';
export type { HeadersToSend, HttpControlPlaneOptions } from './http/http-control-plane.ts';
export { createHttpControlPlane } from './http/http-control-plane.ts';
export { createInMemoryCheckpoints, uploadLockedError } from './in-memory-checkpoints.ts';
export type { LogRecord } from './log-record.ts';
export { logRecord, logUploads } from './log-record.ts';
export { createPartBuffers } from './memory-buffers.ts';
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
export type { PartBodyOptions } from './part-body.ts';
export { createPartBody, sourceChangedError } from './part-body.ts';
export type { Part } from './part-plan.ts';
export { choosePartSize, planParts } from './part-plan.ts';
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
export { unlessAborted } from './unless-aborted.ts';
export type { UploadEvent } from './upload/events.ts';
export type { Resumption, UnfinishedUpload } from './upload/list-checkpoints.ts';
export { countHeldBytes, listCheckpoints, loadResumption } from './upload/list-checkpoints.ts';
export type { ByteStream } from './upload/part-cutter.ts';
export type { PatientControlPlaneOptions } from './upload/patient-control-plane.ts';
export { createPatientControlPlane } from './upload/patient-control-plane.ts';
export type { UploadSnapshot } from './upload/snapshot.ts';
export type { Upload } from './upload/upload.ts';
export { startStreamUpload, startUpload, startUploadOfPage } from './upload/upload.ts';
export type { StreamPorts, UploadPorts } from './upload/upload-run.ts';
export type { Uploader } from './upload/uploader.ts';
export { createUploader } from './upload/uploader.ts';
