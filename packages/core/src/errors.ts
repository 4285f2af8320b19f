/**
 * Every way in which the world can fail an upload. docs/reference/errors.md has a row for each code: what it
 * means and what to do. A caller's mistake is no `UploadError` but a `TypeError` or `RangeError` that names
 * the option.
 */
export type UploadErrorCode =
  | 'network'
  | 'stalled'
  | 'throttled'
  | 'server_error'
  | 'url_expired'
  | 'credentials_expired'
  | 'clock_skewed'
  | 'signature_mismatch'
  | 'access_denied'
  | 'upload_not_found'
  | 'upload_locked'
  | 'checkpoint_failed'
  | 'object_not_found'
  | 'object_exists'
  | 'checksum_mismatch'
  | 'part_missing'
  | 'source_changed'
  | 'source_unreadable'
  | 'token_refused'
  | 'unauthenticated'
  | 'bad_request'
  | 'callback_failed'
  | 'unproven'
  | 'malformed_response'
  | 'refused'
  | 'aborted'
  | 'internal';

/**
 * `permanent`: the same request fails again. `transient`: it may succeed later. `exhausted`: it was
 * transient, and was retried as often as allowed.
 */
export type Disposition = 'permanent' | 'transient' | 'exhausted';

/**
 * What is known about the failed request. Never holds a URL or an upload token: both are bearer credentials.
 */
export interface ErrorContext {
  readonly operation?: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly uploadId?: string;
  readonly partNumber?: number;
  /** From 1. */
  readonly attempt?: number;
  /** HTTP status. */
  readonly status?: number;
  /** The `Code` of OSS's answer. */
  readonly ossCode?: string;
  /** OSS's finer code, `0002-00000236`. */
  readonly ec?: string;
  readonly requestId?: string;
  /** OSS asked to wait this long (`Retry-After`, `x-oss-qos-delay-time`). */
  readonly retryAfterMs?: number;
}

export interface UploadErrorOptions {
  readonly code: UploadErrorCode;
  readonly message: string;
  readonly disposition: Disposition;
  readonly context?: ErrorContext;
  /** What the reader can do about it, in a sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error of this library. Its message starts with its code, since logs often show the message alone.
 */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly code: UploadErrorCode;
  readonly disposition: Disposition;
  readonly context: ErrorContext;
  readonly hint: string | undefined;
  readonly #rawMessage: string;

  constructor({ code, message, disposition, context = {}, hint, cause }: UploadErrorOptions) {
    super(`[${code}] ${message}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.disposition = disposition;
    this.context = context;
    this.hint = hint;
    this.#rawMessage = message;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.disposition === 'transient';
  }

  /** The same error, knowing more. What it already knows stays, unless there is a better hint. */
  with(
    context: ErrorContext,
    disposition: Disposition = this.disposition,
    hint: string | undefined = this.hint,
  ): UploadError {
    const { code, cause } = this;
    const known = { ...context, ...this.context };
    return new UploadError({ code, message: this.#rawMessage, disposition, context: known, hint, cause });
  }

  /** The one funnel: an `UploadError` as it is, anything else as `internal`, which is a defect of ours. */
  static from(reason: unknown): UploadError {
    if (reason instanceof UploadError) return reason;
    const message =
      reason instanceof Error ? `${reason.name}: ${reason.message}` : 'a value that is no Error';
    return new UploadError({
      code: 'internal',
      message: `unexpected ${message}`,
      disposition: 'permanent',
      hint: 'This is a defect in Partway or in a port you supplied. Please report it with the stack.',
      cause: reason,
    });
  }

  /** Two copies of this module in one process know each other's errors. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'UploadError' && 'disposition' in value;
  }
}

/** The error of an upload that its caller aborted. */
export function abortedError(cause?: unknown): UploadError {
  return new UploadError({
    code: 'aborted',
    message: 'the upload was aborted by its caller',
    disposition: 'permanent',
    cause,
  });
}
