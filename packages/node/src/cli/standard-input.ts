import { createReadStream, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** The bytes of standard input. Throws a `TypeError` if it is a directory. */
export function openStandardInput(): Readable {
  const stats = fstatSync(STDIN);
  if (stats.isDirectory()) throw new TypeError('standard input is a directory, which cannot be uploaded');
  const isStream = stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice();
  // `process.stdin` is empty for any other type, such as a block device.
  return isStream ? process.stdin : createReadStream('', { fd: STDIN, autoClose: false });
}

const STDIN = 0;
