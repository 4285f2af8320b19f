import { refusedError, UploadError } from '../../errors.ts';
import type { ObjectOptions } from '../../ports.ts';

/** The declaration of an untrusted client about its file. None of it is proven. */
export interface DeclaredFile {
  /**
   * The client's name of the file: the `key` of its options. It is not an object key until you make it one.
   */
  readonly name: string;
  /** Bytes; `undefined` for a stream. */
  readonly size: number | undefined;
  /** `undefined` when the client declared none. */
  readonly contentType: string | undefined;
  /**
   * All object options that the client requested. Only `contentType` is used unless a {@link Placement} adds
   * others.
   */
  readonly object: ObjectOptions;
}

/** The client behind a request. */
export interface Caller<Context> {
  /** The argument of `controlPlaneFor`: over HTTP the `Request`, with a body that has been read already. */
  readonly context: Context;
  /** The result of `identify`; `undefined` without `identify`. */
  readonly principal: string | undefined;
}

/** Where an upload goes, as `authorize` decides. */
export interface Placement {
  /** The object key, made by you: 1 to 1023 bytes of UTF-8, without a segment `.` or `..`. */
  readonly key: string;
  /** The name of one of several `stores`. Default: the first one. */
  readonly bucket?: string | undefined;
  /** The options of the object. Default: the declared content type, and no other requested option. */
  readonly object?: ObjectOptions | undefined;
  /** The most bytes this caller may upload, where that is less than the policy's `sizeMax`. */
  readonly sizeMax?: number | undefined;
}

/** The result of `authorize` for an upload that is not allowed. */
export interface Refusal {
  /** The reason, in words for the user: it becomes the message of the client's error. */
  readonly refused: string;
}

/**
 * Names the client of a request, from a cookie, a header or a session. `undefined` means that the client is
 * unknown: its request is rejected with `unauthenticated`.
 */
export type Identify<Context> = (context: Context) => string | undefined | Promise<string | undefined>;

/** Decides whether a client may upload a file, and under which key. */
export type Authorize<Context> = (
  file: DeclaredFile,
  caller: Caller<Context>,
) => Placement | Refusal | Promise<Placement | Refusal>;

/** The service or its policy does not allow the upload. The message is for the user. */
export function uploadRefusedError(message: string, hint?: string): UploadError {
  return refusedError(message, { context: { operation: 'initiate' }, hint });
}

/** The request came without an identity that `identify` accepts. */
export function unauthenticatedError(): UploadError {
  return new UploadError({
    code: 'unauthenticated',
    message: 'the coordinator could not identify the caller: `identify` returned nothing',
    disposition: 'permanent',
    hint: 'Sign in again.',
  });
}

/** A coordinator without `authorize` serves its own process only. */
export function authorizeMissingError(): TypeError {
  return new TypeError('authorize is required to serve untrusted clients: set it in createCoordinator');
}
