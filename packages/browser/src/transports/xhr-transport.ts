import { ERROR_BODY_MAX } from '@partway/core/internal';
import type { PartRequest, PartResponse, Transport } from '@partway/core/ports';
import { type BlobRequest, CONNECTIONS_MAX, sendBlob } from './part-request.ts';

/**
 * Makes a {@link Transport} over XMLHttpRequest, which reports how many bytes were sent: so a stalled part is
 * detected and retried. A part of a Blob source is sent without a copy; any other part is first read into
 * memory.
 *
 * A response that CORS does not let the page read rejects with code `network`: the page cannot distinguish it
 * from a lost connection. XMLHttpRequest always follows redirects (OSS sends none); the response of another
 * URL rejects with the same code.
 */
export function createXhrTransport(): Transport {
  return { reportsProgress: true, mayHideHeaders: true, connectionsMax: CONNECTIONS_MAX, put };
}

function put(request: PartRequest): Promise<PartResponse> {
  return sendBlob(request, (blobRequest, signal) => send({ ...request, signal }, blobRequest));
}

/** Rejects with a `TypeError` if there is no response, as fetch does. */
function send(
  { url, onProgress, signal }: PartRequest,
  { headers, blob }: BlobRequest,
): Promise<PartResponse> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const requestUrl = new URL(url, location.href);
    const xhr = new XMLHttpRequest();
    const abort = (): void => xhr.abort();
    const respond = (): void => (isResponseFrom(requestUrl, xhr) ? resolve(responseOf(xhr)) : fail());
    // Safari also emits `abort` for a lost connection: only the signal shows whether the caller aborted.
    const fail = (): void => reject(new TypeError('no response'));
    xhr.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.overrideMimeType('text/plain; charset=utf-8');
    reportProgress(xhr.upload, blob.size, onProgress);
    xhr.onload = respond;
    xhr.onerror = fail;
    xhr.onabort = fail;
    xhr.onprogress = ({ loaded }) => {
      if (loaded <= ERROR_BODY_MAX) return;
      respond();
      xhr.abort();
    };
    xhr.onloadend = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    xhr.send(blob);
  });
}

/** Reports never decrease or exceed the size, although the counts of browsers may. */
function reportProgress(
  upload: XMLHttpRequestUpload,
  size: number,
  onProgress: (sentBytes: number) => void,
): void {
  let sentBytes = 0;
  const report = (loaded: number): void => {
    sentBytes = Math.max(sentBytes, Math.min(loaded, size));
    onProgress(sentBytes);
  };
  report(0);
  upload.onprogress = ({ loaded }) => report(loaded);
  upload.onload = () => report(size);
}

/** Whether the response is from the requested URL, and not from the target of a redirect. */
function isResponseFrom({ href }: URL, { responseURL }: XMLHttpRequest): boolean {
  return responseURL === href.replace(/#.*/, '');
}

function responseOf(xhr: XMLHttpRequest): PartResponse {
  return { status: xhr.status, headers: headersOf(xhr), body: truncateBody(xhr.responseText) };
}

function headersOf(xhr: XMLHttpRequest): Readonly<Record<string, string>> {
  const lines = xhr.getAllResponseHeaders().split('\r\n');
  const fields = lines.map((line) => /^([^:]+):[ \t]*(.*)$/.exec(line)).filter((field) => field !== null);
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}

function truncateBody(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= ERROR_BODY_MAX ? text : new TextDecoder().decode(bytes.subarray(0, ERROR_BODY_MAX));
}
