// Unstable: helpers of Partway's own packages. They change in any release, without notice.

export { rejectOnAbort } from './abort.ts';
export { createPortableCrc64 } from './checksum/portable-crc64.ts';
export type { ErrorDetails, ErrorFactory } from './errors.ts';
export {
  abortedError,
  checkpointFailedError,
  checksumMismatchError,
  credentialsExpiredError,
  malformedResponseError,
  networkError,
  refusedError,
  serverError,
  sourceUnreadableError,
  uploadNotFoundError,
} from './errors.ts';
export { ERROR_BODY_MAX } from './oss/limits.ts';
export { assertControlPlane, assertOptions, resolveControlPlane } from './resolve-options.ts';
