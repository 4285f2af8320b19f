import { malformedResponseError } from '@partway/core/internal';
import type { Dispatcher } from 'undici';

/** Splits a URL into its origin and the path as it was signed, which `URL` might rewrite. */
export function parseTarget(url: string): { origin: string; path: string } {
  const pathStart = url.indexOf('/', url.indexOf('://') + 3);
  const [site, path] = pathStart === -1 ? [url, '/'] : [url.slice(0, pathStart), url.slice(pathStart)];
  if (site !== lastSite.site) lastSite = { site, origin: parseOrigin(site) };
  return { origin: lastSite.origin, path };
}

/** Consecutive requests usually go to one site: it is parsed once. */
let lastSite = { site: '', origin: '' };

function parseOrigin(site: string): string {
  if (URL.canParse(site)) return new URL(site).origin;
  throw malformedResponseError('the control plane returned an invalid URL', { disposition: 'permanent' });
}

/** Joins the values of a repeated header, as `fetch` does. */
function joinHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}

/** The response to {@link sendRequest}, with the start of its body. */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer>;
}

export interface RequestOptions extends Dispatcher.DispatchOptions {
  readonly signal: AbortSignal | undefined;
  /** Only the start of a longer body is read; the connection is then closed. */
  readonly bodySizeMax: number;
}

/** Sends one request and collects the response, without the stream that undici's `request` creates. */
export function sendRequest(
  dispatcher: Dispatcher,
  { signal, bodySizeMax, ...options }: RequestOptions,
): Promise<ReceivedResponse> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let controller: Dispatcher.DispatchController | undefined;
    let head = { status: 0, headers: {} as Readonly<Record<string, string>> };
    const chunks: Buffer[] = [];
    let length = 0;
    const onAbort = (): void => {
      reject(signal?.reason);
      controller?.abort(signal?.reason);
    };
    const end = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve({ body: Buffer.concat(chunks).subarray(0, bodySizeMax), ...head });
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        if (signal?.aborted) started.abort(signal.reason);
      },
      onResponseStart(_, status, headers) {
        head = { status, headers: joinHeaders(headers) };
      },
      onResponseData(started, chunk) {
        chunks.push(chunk);
        length += chunk.length;
        if (length < bodySizeMax) return;
        end();
        started.abort(new Error('the rest of the response is not needed'));
      },
      onResponseEnd: end,
      onResponseError(_, error) {
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      },
    });
  });
}
