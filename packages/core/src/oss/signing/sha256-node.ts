import * as node from 'node:crypto';
import type { HmacSha256 } from './sha256.ts';

export type { HmacSha256 };

/** `#sha256` of Node: the same as `sha256.ts`, several times faster. */

/** SHA-256 of a text in UTF-8, as 64 hex digits in lower case. */
export function sha256Hex(text: string): string {
  // Half the time of a hash object. Some runtimes with the condition `node` do not have it.
  if (node.hash !== undefined) return node.hash('sha256', text, 'hex');
  return node.createHash('sha256').update(text, 'utf8').digest('hex');
}

export function createHmacSha256(key: Uint8Array): HmacSha256 {
  return {
    bytes: (text) => node.createHmac('sha256', key).update(text, 'utf8').digest(),
    hex: (text) => node.createHmac('sha256', key).update(text, 'utf8').digest('hex'),
  };
}
