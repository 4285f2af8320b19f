import { createCrc64 } from '@partway/core';
import { readChunks } from './part-loop.ts';
import { createUndiciSender } from './undici.ts';

/**
 * The bare loop with our CRC64 of every chunk, and nothing else: what is between it and Partway is what
 * Partway costs, and what is between it and the bare loop is what any proof costs.
 */
export const createSender = createUndiciSender(async function* (part) {
  const crc64 = createCrc64();
  for await (const chunk of readChunks(part)) {
    crc64.update(chunk);
    yield chunk;
  }
  crc64.digest();
});
