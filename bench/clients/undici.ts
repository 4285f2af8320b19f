import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import type { CreateSender } from './client.ts';
import { assertOk, type BarePart, readChunks, sendEachPart } from './part-loop.ts';

export const createSender: CreateSender = createUndiciSender(readChunks);

/** A bare loop over one pool. `chunksOf` reads a part, each chunk valid until the next is requested. */
export function createUndiciSender(chunksOf: (part: BarePart) => AsyncIterable<Uint8Array>): CreateSender {
  return (endpoint) => {
    let pool: Pool | undefined;
    return (file) => {
      const open = pool ?? new Pool(endpoint, { connections: Number(file.concurrency), pipelining: 1 });
      pool = open;
      return sendEachPart(file, async (part) => {
        const { statusCode, body } = await open.request({
          path: part.path,
          method: 'PUT',
          headers: { 'content-length': String(part.size) },
          // undici takes any async iterable; its types name streams alone.
          body: chunksOf(part) as unknown as Readable,
        });
        assertOk(statusCode);
        await body.dump();
      });
    };
  };
}
