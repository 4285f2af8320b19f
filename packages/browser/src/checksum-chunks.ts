import { createCrc64 } from '@partway/core';

/** The CRC64 of these bytes, taken in the thread of the caller. */
export async function checksumChunks(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const crc = createCrc64();
  for await (const chunk of chunks) crc.update(chunk);
  return crc.digest();
}
