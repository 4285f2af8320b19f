import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fetch } from '@partway/core/oss';
import { Agent, type Dispatcher } from 'undici';
import { singleHeaders, targetOf } from './undici-request.ts';

/**
 * A `fetch` for `createOssObjectStore` on Node that keeps its connections. Node's own closes one behind every
 * HEAD: that is a handshake for every small file. Follows no redirect.
 * Its idle connections end by themselves, and do not keep the process alive.
 */
export function createUndiciFetch(): Fetch {
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    maxResponseSize: RESPONSE_SIZE_MAX,
  });
  return async (url, { method = 'GET', headers, body, signal }) => {
    const {
      statusCode,
      headers: answered,
      body: answer,
    } = await agent.request({
      ...targetOf(url),
      method: method as Dispatcher.HttpMethod,
      headers: headers as Record<string, string>,
      body: (body ?? null) as Uint8Array | null,
      signal: signal ?? null,
      reset: false,
    });
    const bytes = await answer.arrayBuffer();
    // undici lends the connection out again one turn after the answer.
    await nextTurn();
    return new Response(bytes.byteLength === 0 ? null : bytes, {
      status: statusCode,
      headers: singleHeaders(answered),
    });
  };
}

/** To one endpoint. */
const CONNECTIONS_MAX = 64;

/** The object store reads less of an answer, and says what is wrong with one that is longer. */
const RESPONSE_SIZE_MAX = 32 * 1024 ** 2;
