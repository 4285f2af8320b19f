import * as node from 'node:crypto';
import type { HmacSha256 } from './sha256.ts';

export type { HmacSha256 };

/** What `#sha256` is on Node: the same as `sha256.ts`, several times as fast. */

/** SHA-256 of a text in UTF-8, as 64 hex digits in lower case. */
export function sha256Hex(text: string): string {
  // Half the price of a hash object. Not every runtime that takes the condition `node` has it.
  if (node.hash !== undefined) return node.hash('sha256', text, 'hex');
  return node.createHash('sha256').update(text, 'utf8').digest('hex');
}

export function createHmacSha256(key: Uint8Array): HmacSha256 {
  return {
    bytes: (text) => node.createHmac('sha256', key).update(text, 'utf8').digest(),
    hex: (text) => node.createHmac('sha256', key).update(text, 'utf8').digest('hex'),
  };
}
