import { UploadError } from '../../errors.ts';
import type { ObjectOptions } from '../../ports.ts';

/** What a caller who is not trusted says about the file it wants to upload. None of it is proven. */
export interface DeclaredFile {
  /** What the caller calls it: the `key` of its options. Not a key of yours until you make it one. */
  readonly name: string;
  /** Bytes; `undefined` for a stream. */
  readonly size: number | undefined;
  /** `undefined` when it named none. */
  readonly contentType: string | undefined;
  /** All it would like the object to be. Only its `contentType` counts unless a {@link Placement} says so. */
  readonly object: ObjectOptions;
}

/** Who asks. */
export interface Caller<Context> {
  /** What the handler was called with: over HTTP the `Request`, whose body is read already. */
  readonly context: Context;
  /** Whom `identify` recognised; `undefined` without `identify`. */
  readonly principal: string | undefined;
}

/** Where an upload goes. */
export interface Placement {
  /** Made by you. 1 to 1023 bytes of UTF-8 without a segment `.` or `..`. */
  readonly key: string;
  /** Of several `stores`, the one. Default: the first. */
  readonly bucket?: string | undefined;
  /** What the object shall be. Default: the declared content type, and nothing else the caller wished. */
  readonly object?: ObjectOptions | undefined;
  /** Bytes, where this caller may have less than the policy's `sizeMax`. */
  readonly sizeMax?: number | undefined;
}

/** The answer to an upload that is not wanted. The reason is shown to the user. */
export interface Refusal {
  readonly refused: string;
}

/** Says who asks, from a cookie, a header or a session: `undefined` is nobody, and is refused. */
export type Identify<Context> = (context: Context) => string | undefined | Promise<string | undefined>;

/** Decides whether a caller may upload a file, and where it goes. */
export type Authorize<Context> = (
  file: DeclaredFile,
  caller: Caller<Context>,
) => Placement | Refusal | Promise<Placement | Refusal>;

/** The error that stands for a refusal: permanent, and its message is for the user. */
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
    message: 'the coordinator does not know who asks',
    disposition: 'permanent',
    hint: 'Sign in again.',
  });
}
