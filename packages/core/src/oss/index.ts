// For those who hold credentials.
export type {
  CompletedUpload,
  ListedPart,
  ListedUpload,
  ObjectHead,
  ObjectOptions,
  ObjectStore,
  PresignedRequest,
  StorageClass,
  StoreCompleteRequest,
  StoreInitiateRequest,
  StoreListUploadsRequest,
  StoreObjectRequest,
  StorePresignRequest,
  StoreUploadRequest,
} from '../ports.ts';
export type { CredentialsSource, OssCredentials } from './credentials.ts';
// For those who write an ObjectStore over another client.
export { errorIn, type OssAnswer, ossError } from './error-response.ts';
export { createObjectStore, type OssOperation, type OssWire } from './object-store.ts';
export { createOssClock, type OssClock } from './oss-clock.ts';
export { unlessAborted } from './unless-aborted.ts';
