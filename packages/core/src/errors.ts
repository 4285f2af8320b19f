import type { UploadErrorCode } from './error-codes.ts';

export type { UploadErrorCode } from './error-codes.ts';

/**
 * `permanent`: the same request fails again. `transient`: it may succeed later. `exhausted`: it was
 * transient, and was retried as often as `retry.attemptsMax` allows.
 */
export type Disposition = 'permanent' | 'transient' | 'exhausted';

/**
 * The known facts of the failed request. Never holds a URL or an upload token: both are bearer credentials.
 */
export interface ErrorContext {
  /** The method of the control plane (`presignParts`), or the operation of OSS (`PutObject`). */
  readonly operation?: string;
  /** The bucket, where the failing side knows it. */
  readonly bucket?: string;
  /** The key of the object. */
  readonly key?: string;
  /** The multipart upload in OSS. */
  readonly uploadId?: string;
  /** The part that failed, from 1. */
  readonly partNumber?: number;
  /** The number of the failed attempt, from 1. */
  readonly attempt?: number;
  /** The HTTP status of the response. */
  readonly status?: number;
  /** The `Code` of OSS's error response, such as `NoSuchUpload`. */
  readonly ossCode?: string;
  /** The detailed code of OSS, such as `0002-00000236`. */
  readonly ec?: string;
  /** OSS's ID of the request, for its support. */
  readonly requestId?: string;
  /** The delay in ms that the server requested (`Retry-After`, `x-oss-qos-delay-time`). */
  readonly retryAfterMs?: number;
}

/** The fields of a new {@link UploadError}. */
export interface UploadErrorOptions {
  /** The kind of failure. */
  readonly code: UploadErrorCode;
  /** Describes the failure and its place, without the code. Never a URL's query, a token or a header. */
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly disposition: Disposition;
  /** Default: nothing is known. */
  readonly context?: ErrorContext;
  /** A remedy, in a sentence. */
  readonly hint?: string | undefined;
  /** The underlying error. */
  readonly cause?: unknown;
}

/**
 * The only error class of this library. Its message starts with its code, since logs often show the message
 * alone.
 */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  /** The kind of failure. Decide by it, never by the message. */
  readonly code: UploadErrorCode;
  /** Whether the same request may succeed later. */
  readonly disposition: Disposition;
  /** The known facts of the failed request. */
  readonly context: ErrorContext;
  /** A remedy, in a sentence. */
  readonly hint: string | undefined;
  readonly #rawMessage: string;

  /** `message` comes without the code. */
  constructor({ code, message, disposition, context = {}, hint, cause }: UploadErrorOptions) {
    super(`[${code}] ${message}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.disposition = disposition;
    this.context = context;
    this.hint = hint;
    this.#rawMessage = message;
  }

  /** Whether the same request may succeed later: `disposition` is `transient`. */
  get retryable(): boolean {
    return this.disposition === 'transient';
  }

  /**
   * The same error with more facts. Facts it already has stay; `disposition` and `hint` replace its own.
   */
  with(
    context: ErrorContext,
    disposition: Disposition = this.disposition,
    hint: string | undefined = this.hint,
  ): UploadError {
    const { code, cause } = this;
    const known = { ...context, ...this.context };
    return new UploadError({ code, message: this.#rawMessage, disposition, context: known, hint, cause });
  }

  /**
   * Returns an `UploadError` as it is, and wraps any other value as `internal`, with the value as its cause.
   */
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

  /** Recognizes the errors of another copy of this module in the same process. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'UploadError' && 'disposition' in value;
  }
}

/** The error of an upload that its caller aborted. `cause`: the reason of the caller's signal. */
export function abortedError(cause?: unknown): UploadError {
  return new UploadError({
    code: 'aborted',
    message: 'the upload was aborted by its caller',
    disposition: 'permanent',
    cause,
  });
}

/** Everything of an error but its code and message. `disposition` replaces the usual one of the code. */
export type ErrorDetails = Partial<Omit<UploadErrorOptions, 'code' | 'message'>>;

/** Makes an error of one code. */
export type ErrorFactory = (message: string, details?: ErrorDetails) => UploadError;

/** No response arrived. Transient. */
export const networkError: ErrorFactory = /* @__PURE__ */ errorFactory('network', 'transient');
/** OSS or the service around the coordinator failed. Transient. */
export const serverError: ErrorFactory = /* @__PURE__ */ errorFactory('server_error', 'transient');
/** A 2xx response was truncated or unexpected. Transient. */
export const malformedResponseError: ErrorFactory = /* @__PURE__ */ errorFactory(
  'malformed_response',
  'transient',
);
/** Credentials have expired, or could not be refreshed. Transient. */
export const credentialsExpiredError: ErrorFactory = /* @__PURE__ */ errorFactory(
  'credentials_expired',
  'transient',
);
/** The request was rejected as it is. Permanent. */
export const refusedError: ErrorFactory = /* @__PURE__ */ errorFactory('refused', 'permanent');
/** OSS does not know the upload, or no checkpoint has its ID. Permanent. */
export const uploadNotFoundError: ErrorFactory = /* @__PURE__ */ errorFactory(
  'upload_not_found',
  'permanent',
);
/** OSS has other bytes than were sent. Permanent. */
export const checksumMismatchError: ErrorFactory = /* @__PURE__ */ errorFactory(
  'checksum_mismatch',
  'permanent',
);
/** The source cannot be opened or read. Permanent. */
export const sourceUnreadableError: ErrorFactory = /* @__PURE__ */ errorFactory(
  'source_unreadable',
  'permanent',
);
/** The checkpoint store failed. Permanent. */
export const checkpointFailedError: ErrorFactory = /* @__PURE__ */ errorFactory(
  'checkpoint_failed',
  'permanent',
);

/** For `catch`: resolves with `undefined` after an error of this code, and rethrows any other. */
export function ignoreError(code: UploadErrorCode): (reason: unknown) => undefined {
  return (reason) => {
    if (UploadError.from(reason).code !== code) throw reason;
  };
}

function errorFactory(code: UploadErrorCode, disposition: Disposition): ErrorFactory {
  return (message, details) => new UploadError({ code, message, disposition, ...details });
}

/** Checks an invariant that only a defect of Partway can break. Stays in production: OSS must not see one. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${claim}`);
}
