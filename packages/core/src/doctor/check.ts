import { UploadError } from '../errors.ts';

/** `failed`: must be mended before uploads are right. `warning`: they work; something is amiss or unknown. */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

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

/** One thing that was looked at. */
export interface Check {
  readonly name: CheckName;
  readonly status: CheckStatus;
  /** What was found, in a sentence. Holds no URL, token or secret. */
  readonly detail: string;
  /** What to do, in a sentence. Always there when it failed. */
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

/** What an error of OSS makes of a check: where the right is missing, the remedy names it. */
export function failedBy(name: CheckName, reason: unknown, right: string): Check {
  const error = uploadErrorOf(reason);
  return failed(name, error.message, remedyOf(error, right));
}

/** The same where uploads work without it. */
export function warnedBy(name: CheckName, reason: unknown, right: string): Check {
  const error = uploadErrorOf(reason);
  return warning(name, error.message, remedyOf(error, right));
}

/** Anything else, the reason of a signal above all, is nothing that a check has found. */
function uploadErrorOf(reason: unknown): UploadError {
  if (reason instanceof UploadError) return reason;
  throw reason;
}

function remedyOf({ code, disposition, hint }: UploadError, right: string): string {
  if (code === 'access_denied')
    return `Grant ${right} to the signer, in its RAM policy or the bucket policy.`;
  if (disposition === 'transient') return 'It may pass: examine the bucket again.';
  return hint ?? 'See what OSS answered; docs/reference/errors.md explains the code in brackets.';
}
