import { UploadError } from '../../errors.ts';
import type { ObjectOptions } from '../../ports.ts';

/** A file as an untrusted caller declares it. Nothing of it is verified. */
export interface DeclaredFile {
  /** The name given by the caller: the `key` of its options. Not a key of the bucket until you build one. */
  readonly name: string;
  /** Bytes; `undefined` for a stream. */
  readonly size: number | undefined;
  /** `undefined` when the caller declared none. */
  readonly contentType: string | undefined;
  /**
   * All object options that the caller requested. Only `contentType` is used unless a {@link Placement}
   * sets more.
   */
  readonly object: ObjectOptions;
}

/** The caller of a verb. */
export interface Caller<Context> {
  /** The argument of the handler: over HTTP the `Request`, with its body already read. */
  readonly context: Context;
  /** The result of `identify`; `undefined` without `identify`. */
  readonly principal: string | undefined;
}

/** The destination of an upload. */
export interface Placement {
  /** The key, built by the service. 1 to 1023 bytes of UTF-8 without a segment `.` or `..`. */
  readonly key: string;
  /** The bucket of one of the `stores`. Default: the first. */
  readonly bucket?: string | undefined;
  /** The options of the object. Default: the declared content type, and no other requested option. */
  readonly object?: ObjectOptions | undefined;
  /** Maximum bytes for this caller, below the policy's `sizeMax`. Default: `policy.sizeMax`. */
  readonly sizeMax?: number | undefined;
}

/** The result of `authorize` for a refused upload. */
export interface Refusal {
  /** The reason, shown to the user. */
  readonly refused: string;
}

/**
 * Returns the principal of a request, from a cookie, a header or a session. A caller without a principal
 * (`undefined`) is rejected with `unauthenticated`.
 */
export type Identify<Context> = (context: Context) => string | undefined | Promise<string | undefined>;

/** Decides whether a caller may upload a file, and returns its destination or a refusal. */
export type Authorize<Context> = (
  file: DeclaredFile,
  caller: Caller<Context>,
) => Placement | Refusal | Promise<Placement | Refusal>;

/** The permanent error of a refusal, with a message for the user. */
export function refusedError(reason: string, hint?: string): UploadError {
  return new UploadError({
    code: 'refused',
    message: reason,
    disposition: 'permanent',
    context: { operation: 'initiate' },
    ...(hint === undefined ? {} : { hint }),
  });
}

export function unauthenticatedError(): UploadError {
  return new UploadError({
    code: 'unauthenticated',
    message: 'the coordinator could not identify the caller: `identify` returned nothing',
    disposition: 'permanent',
    hint: 'Sign in again.',
  });
}
