// For those who implement a port, or run uploads over ports of their own.

export type {
  CompletedPart,
  CompletedUpload,
  InitiatedMultipartUpload,
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
export { systemClock, systemRandom } from './system.ts';
export type {
  AbortPorts,
  AbortUnfinishedUploadOptions,
} from './upload/checkpoints/abort-unfinished-upload.ts';
export { abortUnfinishedUpload } from './upload/checkpoints/abort-unfinished-upload.ts';
export { createInMemoryCheckpoints, uploadLockedError } from './upload/checkpoints/in-memory-checkpoints.ts';
export type { UnfinishedUpload, UnfinishedUploadDetails } from './upload/checkpoints/unfinished-uploads.ts';
export {
  countStoredBytes,
  listUnfinishedUploads,
  loadUnfinishedUpload,
} from './upload/checkpoints/unfinished-uploads.ts';
export type { RetryingControlPlaneOptions } from './upload/resilience/retrying-control-plane.ts';
export { createRetryingControlPlane } from './upload/resilience/retrying-control-plane.ts';
export type { RunPorts, UploadPorts } from './upload/run-context.ts';
export type { StreamPorts } from './upload/stream/stream-upload.ts';
export { startStreamUpload } from './upload/stream/stream-upload.ts';
export { startBrowserUpload, startUpload } from './upload/upload.ts';
export { createUploader } from './upload/uploader.ts';
