import { ERROR_BODY_MAX } from '@partway/core/internal';
import type { PartRequest, PartResponse, Transport } from '@partway/core/ports';
import { CONNECTIONS_MAX, sendBlob } from './part-request.ts';

export interface FetchTransportOptions {
  /** Default: the `fetch` of the page or worker. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * A {@link Transport} over `fetch`. A part of a Blob source is handed over as it is; any other is collected
 * first, whole. fetch tells no progress: 0 is told before sending and the size afterwards. A redirect, and an
 * answer that CORS forbids to be read, are failures of code `network` like a lost connection: a page cannot
 * tell them apart.
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
  let left = ERROR_BODY_MAX;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel();
  return text + decoder.decode();
}
