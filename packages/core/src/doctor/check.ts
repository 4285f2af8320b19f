import { UploadError } from '../errors.ts';

/** `failed`: uploads will not work. `warning`: they work, but there is a problem or something is unknown. */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

/** The subject of a check, as docs/guides/operations.md lists them. */
export type CheckName =
  | 'credentials'
  | 'clock'
  | 'region'
  | 'head'
  | 'upload'
  | 'list-parts'
  | 'list-uploads'
  | 'abort'
  | 'cors'
  | 'lifecycle';

/** The result of one check. */
export interface Check {
  /** The subject. */
  readonly name: CheckName;
  /** The result. */
  readonly status: CheckStatus;
  /** The finding, in a sentence. Contains no URL, token or secret. */
  readonly detail: string;
  /** The remedy, in a sentence. Always present when the check failed. */
  readonly remedy?: string;
}

export function ok(name: CheckName, detail: string): Check {
  return { name, status: 'ok', detail };
}

export function warning(name: CheckName, detail: string, remedy: string): Check {
  return { name, status: 'warning', detail, remedy };
}

export function failed(name: CheckName, detail: string, remedy: string): Check {
  return { name, status: 'failed', detail, remedy };
}

export function skipped(name: CheckName, detail: string): Check {
  return { name, status: 'skipped', detail };
}

/** A check that failed with an error of OSS. The remedy names the missing permission. */
export function failedWithError(name: CheckName, reason: unknown, permission: string): Check {
  const error = assertUploadError(reason);
  return failed(name, error.message, getRemedy(error, permission));
}

/** The same for a check that uploads do not need. */
export function warningWithError(name: CheckName, reason: unknown, permission: string): Check {
  const error = assertUploadError(reason);
  return warning(name, error.message, getRemedy(error, permission));
}

/** Rethrows other errors, such as the reason of a signal: they are not the result of a check. */
function assertUploadError(reason: unknown): UploadError {
  if (reason instanceof UploadError) return reason;
  throw reason;
}

function getRemedy({ code, disposition, hint }: UploadError, permission: string): string {
  if (code === 'access_denied')
    return `Grant ${permission} to the signer, in its RAM policy or the bucket policy.`;
  if (disposition === 'transient') return 'It may be temporary: examine the bucket again.';
  return hint ?? 'See the response of OSS; docs/reference/errors.md explains the code in brackets.';
}
