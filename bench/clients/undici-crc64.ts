import { createCrc64 } from '@partway/core';
import { readChunks } from './part-loop.ts';
import { createUndiciSender } from './undici.ts';

/**
 * The undici loop with our CRC64 of every chunk. The difference between it and Partway is the cost of
 * Partway, the difference between it and the undici loop is the cost of any proof.
 */
export const createSender = createUndiciSender(async function* (part) {
  const crc64 = createCrc64();
  for await (const chunk of readChunks(part)) {
    crc64.update(chunk);
    yield chunk;
  }
  crc64.digest();
});
