import { createReadStream, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

/**
 * The bytes of standard input. Throws a `TypeError` for a directory, which has none.
 */
export function standardInput(): Readable {
  const opened = fstatSync(STDIN);
  if (opened.isDirectory()) throw new TypeError('standard input is a directory, which cannot be uploaded');
  const isWaitedFor = opened.isFIFO() || opened.isSocket() || opened.isCharacterDevice();
  // `process.stdin` is an empty stream for types it does not know, such as block devices.
  return isWaitedFor ? process.stdin : createReadStream('', { fd: STDIN, autoClose: false });
}

const STDIN = 0;
