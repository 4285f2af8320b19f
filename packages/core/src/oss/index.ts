// For those who have credentials of OSS.

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
export type { RefusalResponse } from './diagnosis/explain-signature.ts';
export { explainSignatureMismatch } from './diagnosis/explain-signature.ts';
export type { InspectedRequest, InspectOptions } from './diagnosis/inspect-signed-request.ts';
export { inspectSignedRequest } from './diagnosis/inspect-signed-request.ts';
export type {
  OriginalRequest,
  SignatureCause,
  SignatureExplanation,
} from './diagnosis/signature-explanation.ts';
export type { Addressing, EndpointOptions } from './endpoint.ts';
export type { DateLike, Instant } from './instant.ts';
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
export type { Query } from './signing/signature-v4.ts';

// For those who implement an ObjectStore over another client of OSS.

export type { OssResponse } from './error-response.ts';
export { ossError, responseError } from './error-response.ts';
export type { OssOperation, OssOperationContext, OssWire, UrlSigningOptions } from './object-store.ts';
export { createObjectStore } from './object-store.ts';
export type { OssClock } from './signing/oss-clock.ts';
export { createOssClock } from './signing/oss-clock.ts';
