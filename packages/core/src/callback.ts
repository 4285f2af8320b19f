import type { UploadError } from './errors.ts';
import { CALLBACK_SIZE_MAX, ERROR_BODY_MAX } from './oss/limits.ts';

/**
 * OSS's request to an application server after the object is stored, in the encoding that OSS reads. Made by
 * `callback` of `@partway/core/oss`.
 */
export interface Callback {
  /** Base64 of JSON: the URL to call and the body to send. */
  readonly callback: string;
  /** Base64 of JSON: the values of the variables `x:…`. Default: there are none. */
  readonly callbackVar?: string | undefined;
}

/** The reply of the application server to the callback. */
export interface CallbackReply {
  /**
   * Its JSON, unchanged, of fewer than 65,536 characters. It is not signed: validate it before you use it.
   */
  readonly body: string;
}

/** The headers of CompleteMultipartUpload that request a callback. */
export function callbackHeaders(requested: Callback | undefined): Record<string, string> {
  if (requested === undefined) return {};
  const { callback, callbackVar } = parseCallback(requested);
  return {
    'x-oss-callback': callback,
    ...(callbackVar === undefined ? {} : { 'x-oss-callback-var': callbackVar }),
  };
}

/**
 * The same in the query of a presigned PutObject: the sender cannot omit it, and the CORS rules of the bucket
 * need to allow no further header.
 */
export function callbackQuery(requested: Callback | undefined): Record<string, string> {
  if (requested === undefined) return {};
  const { callback, callbackVar } = parseCallback(requested);
  return { callback, ...(callbackVar === undefined ? {} : { 'callback-var': callbackVar }) };
}

/** Returns its two texts alone. Throws a `TypeError` or `RangeError` for values that OSS would reject. */
export function parseCallback(value: unknown): Callback {
  if (typeof value !== 'object' || value === null) throw new TypeError(NOT_FROM_FACTORY);
  const { callback, callbackVar } = value as Partial<Record<keyof Callback, unknown>>;
  assertBase64(callback);
  if (callbackVar === undefined) return { callback };
  assertBase64(callbackVar);
  return { callback, callbackVar };
}

const NOT_FROM_FACTORY = 'callback must be created by callback({ url, body, … })';

function assertBase64(text: unknown): asserts text is string {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new TypeError(NOT_FROM_FACTORY);
  if (text.length <= CALLBACK_SIZE_MAX) return;
  throw new RangeError(
    `callback must be at most ${CALLBACK_SIZE_MAX} bytes in base64, and so must its vars, got ${text.length}`,
  );
}

/** The reply in a response of OSS. `undefined` when there is none, it is no JSON, or it is too long. */
export function parseCallbackReply(body: string): CallbackReply | undefined {
  // The usual case: an exception would be slow.
  if (body === '') return undefined;
  try {
    JSON.parse(body);
    return body.length < ERROR_BODY_MAX ? { body } : undefined;
  } catch {
    return undefined;
  }
}

/** The failure of a callback after the object was looked up and proven. */
export function provenCallbackError(failure: UploadError): UploadError {
  return failure.with({}, failure.disposition, 'The object is stored and proven: do not upload it again.');
}
