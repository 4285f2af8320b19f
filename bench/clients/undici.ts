import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import type { CreateSender } from './client.ts';
import { assertOk, type BarePart, readChunks, sendEachPart } from './part-loop.ts';

export const createSender: CreateSender = createUndiciSender(readChunks);

/** A bare loop over one pool. `chunksOf` reads a part, each chunk valid until the next is requested. */
export function createUndiciSender(readPart: (part: BarePart) => AsyncIterable<Uint8Array>): CreateSender {
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
          // undici accepts any async iterable, its types allow streams only.
          body: readPart(part) as unknown as Readable,
        });
        assertOk(statusCode);
        await body.dump();
      });
    };
  };
}
