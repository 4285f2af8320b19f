import { UploadError } from '@partway/core';
import type { Dispatcher } from 'undici';

/** The path as it was signed, which `URL` might rewrite. */
export function targetOf(url: string): { origin: string; path: string } {
  const pathStart = url.indexOf('/', url.indexOf('://') + 3);
  const [site, path] = pathStart === -1 ? [url, '/'] : [url.slice(0, pathStart), url.slice(pathStart)];
  if (site !== lastSite.site) lastSite = { site, origin: originOf(site) };
  return { origin: lastSite.origin, path };
}

/** Requests one after the other go to one site, which is parsed once. */
let lastSite = { site: '', origin: '' };

function originOf(site: string): string {
  if (URL.canParse(site)) return new URL(site).origin;
  throw new UploadError({
    code: 'malformed_response',
    message: 'the control plane gave an address that is no URL',
    disposition: 'permanent',
  });
}

/** Headers that came more than once are joined, as `fetch` does. */
function singleHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return single;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer>;
}

export interface ExchangeOptions extends Dispatcher.DispatchOptions {
  readonly signal: AbortSignal | undefined;
  /** Of a longer body only the beginning is read; the connection is closed then. */
  readonly bodySizeMax: number;
}

/** Sends one request and collects its answer, without the stream that `request` makes of it. */
export function exchange(
  dispatcher: Dispatcher,
  { signal, bodySizeMax, ...options }: ExchangeOptions,
): Promise<Answer> {
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
        head = { status, headers: singleHeaders(headers) };
      },
      onResponseData(started, chunk) {
        chunks.push(chunk);
        length += chunk.length;
        if (length < bodySizeMax) return;
        end();
        started.abort(new Error('the answer is longer than it is read'));
      },
      onResponseEnd: end,
      onResponseError(_, error) {
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      },
    });
  });
}
