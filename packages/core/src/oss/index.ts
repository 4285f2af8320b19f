// For those who hold credentials.

export type { Callback, CallbackReply } from '../callback.ts';
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
  StoreListUploadsRequest,
  StoreObjectRequest,
  StorePresignPartsRequest,
  StorePresignRequest,
  StoreUploadRequest,
} from '../object-store-port.ts';
export type { ListedPart, ObjectOptions, StorageClass } from '../ports.ts';
export type { AbortRule, AdminRequest, BucketAdmin } from './bucket/bucket-admin.ts';
export { createBucketAdmin } from './bucket/bucket-admin.ts';
export type { CorsRule, LifecycleRule } from './bucket/bucket-rules.ts';
export type { CallbackOptions } from './callback.ts';
export { callback } from './callback.ts';
export type { RefusingAnswer } from './diagnosis/explain-signature.ts';
export { explainSignatureMismatch } from './diagnosis/explain-signature.ts';
export type { InspectedRequest, InspectOptions } from './diagnosis/inspect-signed-request.ts';
export { inspectSignedRequest } from './diagnosis/inspect-signed-request.ts';
export type {
  MeantRequest,
  SignatureCause,
  SignatureExplanation,
} from './diagnosis/signature-explanation.ts';
export type { Addressing, EndpointOptions } from './endpoint.ts';
export type { Instant } from './instant.ts';
export type { OssObjectStoreOptions } from './oss-object-store.ts';
export { createOssObjectStore } from './oss-object-store.ts';
export type { OssBucketOptions } from './oss-wire.ts';
export type { Fetch } from './signed-fetch.ts';
export type { CredentialsSource, OssCredentials } from './signing/credentials.ts';
export type { PresignRequest, PresignUploadPartsRequest } from './signing/presign.ts';
export { presign, presignParts } from './signing/presign.ts';
export type { SignedRequest } from './signing/sign-headers.ts';
export { signHeaders } from './signing/sign-headers.ts';
export type { SignRequest } from './signing/sign-request.ts';

// For those who write an ObjectStore over another client.

export type { OssAnswer } from './error-response.ts';
export { errorIn, ossError } from './error-response.ts';
export type { OssOperation, OssWire, UrlTerms } from './object-store.ts';
export { createObjectStore } from './object-store.ts';
export type { OssClock } from './signing/oss-clock.ts';
export { createOssClock } from './signing/oss-clock.ts';
