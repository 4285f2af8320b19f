import { ERROR_BODY_MAX } from '@partway/core/internal';
import type { PartRequest, PartResponse, Transport } from '@partway/core/ports';
import { CONNECTIONS_MAX, sendBlob } from './part-request.ts';

/** Options of {@link createFetchTransport}. */
export interface FetchTransportOptions {
  /** Sends the requests. Default: the `fetch` of the page or worker. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Makes a {@link Transport} over `fetch`. A part of a Blob source is sent without a copy; any other part is
 * first read into memory. fetch reports no progress: `onProgress` gets 0 before the request and the size
 * after it. A redirect, or a response that CORS does not let the page read, rejects with code `network`: the
 * page cannot distinguish it from a lost connection.
 */
export function createFetchTransport(options: FetchTransportOptions = {}): Transport {
  const send = options.fetch ?? fetch.bind(globalThis);
  return {
    reportsProgress: false,
    mayHideHeaders: true,
    connectionsMax: CONNECTIONS_MAX,
    put: (request) => put(send, request),
  };
}

function put(send: typeof fetch, request: PartRequest): Promise<PartResponse> {
  const { url, body, onProgress } = request;
  return sendBlob(request, async ({ headers, blob }, signal) => {
    onProgress(0);
    const response = await send(url, {
      method: 'PUT',
      headers,
      body: blob,
      signal,
      redirect: 'error',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
    const text = await readText(response);
    onProgress(body.size);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: text };
  });
}

async function readText({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  let remaining = ERROR_BODY_MAX;
  while (remaining > 0) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, remaining), { stream: true });
    remaining -= value.length;
  }
  await reader.cancel();
  return text + decoder.decode();
}
