import type { UploadError, UploadErrorCode } from '../errors.ts';
import type { InitiatedUpload } from '../ports.ts';

/** The engine's action after the run of an upload has failed. */
export type FailureAction =
  /** Keeps the upload and its checkpoint: a resume continues it. */
  | 'keep'
  /** Keeps the object, which is stored, and removes the checkpoint. */
  | 'keep-object'
  /** Aborts the upload and removes its checkpoint. */
  | 'abort'
  /** Aborts the upload, removes its checkpoint and starts a new upload. */
  | 'restart'
  /** Looks for the object, which another process may have completed, before it starts a new upload. */
  | 'look-first';

/** An upload after a failed run. */
export interface FailedUpload {
  readonly error: Pick<UploadError, 'code' | 'context'>;
  readonly kind: InitiatedUpload['kind'];
  /** A checkpoint store of the caller remembers the upload after this handle has settled. */
  readonly isDurable: boolean;
  /** An earlier run started the upload. */
  readonly isResumed: boolean;
}

/** Looks the failure up in the table below. A pause is no failure: nothing is done then. */
export function onFailure(failed: FailedUpload): FailureAction {
  const action = ACTIONS[failed.error.code] ?? 'abort';
  return typeof action === 'string' ? action : action(failed);
}

/** A failure that is not listed aborts the upload: it is damaged or refused, and a resume cannot help. */
const ACTIONS: Readonly<Partial<Record<UploadErrorCode, Action>>> = {
  // The network, OSS, the credentials or the source failed, and the upload itself did not.
  // canary: resumable-upload-removed
  network: keepIfResumable,
  stalled: keepIfResumable,
  throttled: keepIfResumable,
  server_error: keepIfResumable,
  url_expired: keepIfResumable,
  credentials_expired: keepIfResumable,
  clock_skewed: keepIfResumable,
  signature_mismatch: keepIfResumable,
  access_denied: keepIfResumable,
  unauthenticated: keepIfResumable,
  bad_request: keepIfResumable,
  malformed_response: keepIfResumable,
  source_unreadable: keepIfResumable,
  internal: keepIfResumable,

  // Another process, or a lifecycle rule, has completed or aborted the upload.
  upload_not_found: 'look-first',

  // The object is stored, and only its proof or its callback failed.
  unproven: 'keep-object',
  // A part has no callback: its 203 comes from a proxy, and makes no object.
  callback_failed: ({ error }) => (error.context.partNumber === undefined ? 'keep-object' : 'abort'),

  // The coordinator cannot open the upload token of an earlier run any more.
  token_refused: ({ isResumed }) => (isResumed ? 'restart' : 'abort'),
  // The bytes of a PutObject were changed on the way. The coordinator has deleted the object since, which
  // with forbidOverwrite would block another PutObject.
  checksum_mismatch: ({ error, kind }) =>
    kind === 'single' && error.context.operation === 'complete' ? 'restart' : 'abort',
};

type Action = FailureAction | ((failed: FailedUpload) => FailureAction);

/** A single PutObject is sent again as a whole: there is nothing for a resume to continue. */
function keepIfResumable({ kind, isDurable }: FailedUpload): FailureAction {
  return kind === 'multipart' && isDurable ? 'keep' : 'abort';
}
