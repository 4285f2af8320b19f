import type { UploadErrorCode } from '@partway/core';

/** The kinds of errors that a user has to distinguish: each has one text. */
export type FailureKind =
  | 'connection'
  | 'signIn'
  | 'refused'
  | 'file'
  | 'exists'
  | 'unconfirmed'
  | 'elsewhere'
  | 'aborted'
  | 'defect';

export const FAILURE_KINDS: Readonly<Record<UploadErrorCode, FailureKind>> = {
  network: 'connection',
  stalled: 'connection',
  throttled: 'connection',
  server_error: 'connection',
  url_expired: 'connection',
  credentials_expired: 'connection',
  malformed_response: 'connection',
  checksum_mismatch: 'connection',
  part_missing: 'connection',
  upload_not_found: 'connection',
  token_refused: 'connection',
  unauthenticated: 'signIn',
  access_denied: 'refused',
  refused: 'refused',
  bad_request: 'refused',
  signature_mismatch: 'refused',
  clock_skewed: 'refused',
  object_not_found: 'refused',
  source_changed: 'file',
  source_unreadable: 'file',
  object_exists: 'exists',
  callback_failed: 'unconfirmed',
  unproven: 'unconfirmed',
  aborted: 'aborted',
  upload_locked: 'elsewhere',
  checkpoint_failed: 'defect',
  internal: 'defect',
};

/** False for a stored file, and for an unreadable file, which the user has to choose again. */
export function canRetry(code: UploadErrorCode): boolean {
  return !['unconfirmed', 'file'].includes(failureKind(code));
}

/** The kind of a code. Another version of the engine may have codes that are unknown here. */
export function failureKind(code: UploadErrorCode): FailureKind {
  return FAILURE_KINDS[code] ?? 'defect';
}
