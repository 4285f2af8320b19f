// The emulator over HTTP.

export { type OssEmulator, type OssEmulatorOptions, startOssEmulator } from './emulator.ts';
// Fault injection.
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
  createSeededRandom,
  type FaultHandle,
  type Faults,
  type FaultsOptions,
} from './faults/faults.ts';
export {
  type FaultInjectionModel,
  type FaultInjectionOptions,
  type FaultyModel,
  injectFaults,
} from './faults/inject-faults.ts';
// The model without HTTP, for simulations and other transports.
export type {
  InspectedObject,
  InspectedPart,
  InspectedUpload,
  OssInspection,
  PartLocation,
} from './inspection.ts';
export type { AllowCallback, CallbackReply, CallbackRequest, SendCallback } from './operations/callback.ts';
export { OssError, type OssErrorFields } from './oss-error.ts';
export { createOssModel, type OssModel, type OssModelOptions } from './oss-model.ts';
export type { Blobs, Digest, StoredBlob } from './storage/blobs.ts';
export { createDirectoryBlobs } from './storage/directory-blobs.ts';
export { createDiscardingBlobs, createMemoryBlobs } from './storage/memory-blobs.ts';
export { createDirectoryRecords, loadBuckets } from './storage/records.ts';
export type { Bucket, IdGenerator, Records } from './storage/state.ts';
export type {
  OssClock,
  OssCredentials,
  OssOperation,
  OssRequest,
  OssResponse,
  OssTarget,
  Outcome,
} from './types.ts';
