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
export { resolveControlPlane } from './http/resolve-control-plane.ts';
export { ERROR_BODY_MAX } from './ports.ts';
export { assertControlPlane, assertOptions } from './resolve-options.ts';
