import { KEY_SIZE_MAX } from './limits.ts';

/**
 * Refuses a key that OSS does not take, or that cannot survive a URL, with an error that says why: 1 to 1023
 * bytes of UTF-8, not beginning with `/` or `\`, without lone surrogates, and without a segment `.` or `..`
 * (every URL parser resolves those, also escaped, and the signature then fails). `option` names the caller's
 * option in the message.
 *
 * @throws TypeError, or RangeError for the size.
 */
export function assertKey(key: string, option = 'key'): void {
  if (typeof key !== 'string') throw new TypeError(`${option} must be a string`);
  if (key === '') throw new RangeError(`${option} must not be empty`);
  if (LONE_SURROGATE.test(key)) {
    throw new TypeError(`${option} holds half a surrogate pair, which UTF-8 cannot express`);
  }
  const size = new TextEncoder().encode(key).length;
  if (size > KEY_SIZE_MAX) {
    throw new RangeError(`${option} must be at most ${KEY_SIZE_MAX} bytes of UTF-8, got ${size}`);
  }
  if (/^[/\\]/.test(key)) {
    throw new TypeError(`${option} must not begin with a slash or backslash, which OSS refuses`);
  }
  if (DOT_SEGMENT.test(key)) {
    throw new TypeError(`${option} must not have a segment '.' or '..', which URL parsers resolve`);
  }
}

/** The same for an upload of the key. An empty uploadId would turn AbortMultipartUpload into DeleteObject. */
export function assertUpload(key: string, uploadId: string): void {
  assertKey(key);
  if (typeof uploadId !== 'string' || uploadId === '') throw new TypeError('uploadId must not be empty');
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;
