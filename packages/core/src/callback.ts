import type { UploadError } from './errors.ts';
import { CALLBACK_SIZE_MAX, ERROR_BODY_MAX } from './oss/limits.ts';

/**
 * What OSS shall tell an application server once the object is stored, in the texts that OSS reads. Made by
 * `callback` of `@partway/core/oss`.
 */
export interface Callback {
  /** Base64 of JSON: whom to call, and with what body. */
  readonly callback: string;
  /** Base64 of JSON: the values of the variables `x:…`. */
  readonly callbackVar?: string | undefined;
}

/** What the application server answered to the callback. */
export interface CallbackReply {
  /**
   * Its JSON as it came, of fewer than 65,536 characters. Anybody may have written it: check it before it is
   * used.
   */
  readonly body: string;
}

/** The headers that ask for it, in CompleteMultipartUpload. */
export function callbackHeaders(asked: Callback | undefined): Record<string, string> {
  if (asked === undefined) return {};
  const { callback, callbackVar } = checkedCallback(asked);
  return {
    'x-oss-callback': callback,
    ...(callbackVar === undefined ? {} : { 'x-oss-callback-var': callbackVar }),
  };
}

/**
 * The same in the query of a presigned PutObject: it cannot be left out, and is no header that the CORS rules
 * of the bucket would have to allow.
 */
export function callbackQuery(asked: Callback | undefined): Record<string, string> {
  if (asked === undefined) return {};
  const { callback, callbackVar } = checkedCallback(asked);
  return { callback, ...(callbackVar === undefined ? {} : { 'callback-var': callbackVar }) };
}

/** Those two texts and nothing else. Throws a `TypeError` or `RangeError` for what OSS would refuse. */
export function checkedCallback(asked: unknown): Callback {
  if (typeof asked !== 'object' || asked === null) throw new TypeError(NOT_MADE);
  const { callback, callbackVar } = asked as Partial<Record<keyof Callback, unknown>>;
  assertBase64(callback);
  if (callbackVar === undefined) return { callback };
  assertBase64(callbackVar);
  return { callback, callbackVar };
}

const NOT_MADE = 'callback must be made by callback({ url, body, … })';

function assertBase64(text: unknown): asserts text is string {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new TypeError(NOT_MADE);
  if (text.length <= CALLBACK_SIZE_MAX) return;
  throw new RangeError(
    `callback must be at most ${CALLBACK_SIZE_MAX} bytes in base64, and so must its vars, got ${text.length}`,
  );
}

/** The reply in an answer of OSS. `undefined` where there is none, or none that can be passed on whole. */
export function callbackReply(body: string): CallbackReply | undefined {
  // Nearly always: an exception is dear.
  if (body === '') return undefined;
  try {
    JSON.parse(body);
    return body.length < ERROR_BODY_MAX ? { body } : undefined;
  } catch {
    return undefined;
  }
}

/** The failure of a callback, where the object was looked up and is as it should be. */
export function provenFailure(failure: UploadError): UploadError {
  return failure.with({}, failure.disposition, 'The object is stored and proven: do not upload it again.');
}
