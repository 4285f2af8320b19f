import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * `#sha256` of platforms without Node: pages, workers, edge runtimes. WebCrypto would be asynchronous, and
 * slower for texts this short.
 */

/** SHA-256 of a text in UTF-8, as 64 hex digits in lower case. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** HMAC-SHA-256 of texts in UTF-8 under one key. */
export interface HmacSha256 {
  bytes(text: string): Uint8Array;
  /** 64 hex digits in lower case. */
  hex(text: string): string;
}

export function createHmacSha256(key: Uint8Array): HmacSha256 {
  // Caches the two blocks that depend on the key alone, which would otherwise be hashed for every text.
  const keyed = hmac.create(sha256, key);
  const bytes = (text: string): Uint8Array => keyed.clone().update(utf8ToBytes(text)).digest();
  return { bytes, hex: (text) => bytesToHex(bytes(text)) };
}
