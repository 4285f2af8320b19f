import { setImmediate as nextTick } from 'node:timers/promises';
import type { Fetch } from '@partway/core/oss';
import { Agent, type Dispatcher } from 'undici';
import { parseTarget, sendRequest } from './undici-request.ts';

/**
 * Makes a `fetch` for `createOssObjectStore` that keeps its connections alive. The `fetch` of Node closes a
 * connection after every HEAD, which costs a handshake per small file. It does not follow redirects, and
 * reads at most 32 MiB of a response. Up to 64 connections per endpoint; idle ones time out and do not keep
 * the process alive.
 */
export function createUndiciFetch(): Fetch {
  const agent = new Agent({ connections: CONNECTIONS_MAX, pipelining: 1 });
  return async (url, { method = 'GET', headers, body, signal }) => {
    const response = await sendRequest(agent, {
      signal: signal ?? undefined,
      bodySizeMax: RESPONSE_SIZE_MAX,
      method: method as Dispatcher.HttpMethod,
      headers: headers as Record<string, string>,
      body: (body ?? null) as Uint8Array | null,
      reset: false,
      ...parseTarget(url),
    });
    // undici reuses the connection only in the next tick.
    await nextTick();
    const { status, headers: responseHeaders, body: bytes } = response;
    return new Response(bytes.length === 0 ? null : bytes, { status, headers: responseHeaders });
  };
}

/** Per endpoint. */
const CONNECTIONS_MAX = 64;

/** Above the limit of the object store, which reports a longer response as an error. */
const RESPONSE_SIZE_MAX = 32 * 1024 ** 2;
