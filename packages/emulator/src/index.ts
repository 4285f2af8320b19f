// An OSS over HTTP, for development and tests.

export { type OssEmulator, type OssEmulatorOptions, startOssEmulator } from './emulator.ts';
// What goes wrong, and when.
export type {
  BandwidthEffect,
  ClockJumpEffect,
  CorruptIncomingEffect,
  CorruptStoredPartEffect,
  DropResponseEffect,
  ErrorIn200Effect,
  FaultEffect,
  FaultRule,
  HideCorsHeadersEffect,
  LatencyEffect,
  LosePartEffect,
  RefuseEffect,
  ResetAfterBytesEffect,
  SilentEffect,
  SlowDripEffect,
  TruncateResponseEffect,
  WrongCrcEffect,
} from './faults/fault-rule.ts';
export {
  createFaults,
  type FaultHandle,
  type Faults,
  type FaultsOptions,
  seededRandom,
} from './faults/faults.ts';
export {
  type MisbehavingModel,
  type MisbehavingOptions,
  misbehaving,
  type StoredPart,
} from './faults/misbehave.ts';
export type {
  InspectedObject,
  InspectedPart,
  InspectedUpload,
  OssInspection,
  PartName,
} from './inspection.ts';
export type { AllowCallback, CallbackReply, CallbackRequest, SendCallback } from './operations/callback.ts';
export { OssError, type OssErrorFields } from './oss-error.ts';
export { createOssModel, type OssModel, type OssModelOptions } from './oss-model.ts';
export type { Outcome } from './outcome.ts';
// An OSS without a socket, for simulations.
export type { Blobs, Digest, StoredBlob } from './storage/blobs.ts';
export { createDirectoryBlobs } from './storage/directory-blobs.ts';
export { createDiscardingBlobs, createMemoryBlobs } from './storage/memory-blobs.ts';
export { createDirectoryRecords, loadBuckets } from './storage/records.ts';
export type { Bucket, Ids, Records } from './storage/state.ts';
export type {
  OssClock,
  OssCredentials,
  OssOperation,
  OssRequest,
  OssResponse,
  OssTarget,
} from './types.ts';
