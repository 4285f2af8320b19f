import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fetch } from '@partway/core/oss';
import { Agent, type Dispatcher } from 'undici';
import { exchange, targetOf } from './undici-request.ts';

/**
 * A `fetch` for `createOssObjectStore` on Node that keeps its connections. Node's own closes one behind every
 * HEAD: that is a handshake for every small file. Follows no redirect.
 * Its idle connections end by themselves, and do not keep the process alive.
 */
export function createUndiciFetch(): Fetch {
  const agent = new Agent({ connections: CONNECTIONS_MAX, pipelining: 1 });
  return async (url, { method = 'GET', headers, body, signal }) => {
    const answer = await exchange(agent, {
      signal: signal ?? undefined,
      bodySizeMax: ANSWER_SIZE_MAX,
      method: method as Dispatcher.HttpMethod,
      headers: headers as Record<string, string>,
      body: (body ?? null) as Uint8Array | null,
      reset: false,
      ...targetOf(url),
    });
    // undici lends the connection out again one turn after the answer.
    await nextTurn();
    const { status, headers: answered, body: bytes } = answer;
    return new Response(bytes.length === 0 ? null : bytes, { status, headers: answered });
  };
}

/** To one endpoint. */
const CONNECTIONS_MAX = 64;

/** The object store reads less of an answer, and says what is wrong with one that is longer. */
const ANSWER_SIZE_MAX = 32 * 1024 ** 2;
