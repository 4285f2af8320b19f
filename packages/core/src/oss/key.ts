import { KEY_SIZE_MAX } from './limits.ts';

/**
 * Rejects a key that OSS does not accept, or that a URL cannot carry: it must have 1 to 1023 bytes of UTF-8,
 * no leading `/` or `\`, no lone surrogates, and no segment `.` or `..` (every URL parser resolves those,
 * also escaped ones, and the signature then fails). `option` names the caller's option in the message.
 *
 * @throws TypeError, or RangeError for the size.
 */
export function assertKey(key: string, option = 'key'): void {
  if (typeof key !== 'string') throw new TypeError(`${option} must be a string`);
  if (key === '') throw new RangeError(`${option} must not be empty`);
  if (LONE_SURROGATE.test(key)) {
    throw new TypeError(`${option} contains a lone surrogate, which UTF-8 cannot encode`);
  }
  const size = new TextEncoder().encode(key).length;
  if (size > KEY_SIZE_MAX) {
    throw new RangeError(`${option} must be at most ${KEY_SIZE_MAX} bytes of UTF-8, got ${size}`);
  }
  if (/^[/\\]/.test(key)) {
    throw new TypeError(`${option} must not start with a slash or backslash, which OSS rejects`);
  }
  if (DOT_SEGMENT.test(key)) {
    throw new TypeError(`${option} must not have a segment '.' or '..', which URL parsers resolve`);
  }
}

/** The same for an upload. An empty uploadId would turn AbortMultipartUpload into DeleteObject. */
export function assertUpload(key: string, uploadId: string): void {
  assertKey(key);
  if (typeof uploadId !== 'string' || uploadId === '') throw new TypeError('uploadId must not be empty');
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;
