import { ERROR_BODY_MAX } from '@partway/core/internal';
import type { PartRequest, PartResponse, Transport } from '@partway/core/ports';
import { type BlobRequest, CONNECTIONS_MAX, sendBlob } from './part-request.ts';

/**
 * A {@link Transport} over XMLHttpRequest, which tells how many bytes went out: so a part that has stalled is
 * known, and sent again. A part of a Blob source is handed over as it is; any other is collected first,
 * whole.
 *
 * An answer that CORS forbids to be read is a failure of code `network` like a lost connection: a page cannot
 * tell them apart. XMLHttpRequest cannot be kept from following a redirect (OSS sends none); what answers
 * there is not taken for OSS, and counts as the same failure.
 */
export function createXhrTransport(): Transport {
  return { reportsProgress: true, mayHideHeaders: true, connectionsMax: CONNECTIONS_MAX, put };
}

function put(request: PartRequest): Promise<PartResponse> {
  return sendBlob(request, (sendable, signal) => exchange({ ...request, signal }, sendable));
}

/** Rejects with a `TypeError` when there is no answer, as fetch does. */
function exchange(
  { url, onProgress, signal }: PartRequest,
  { headers, blob }: BlobRequest,
): Promise<PartResponse> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const asked = new URL(url, location.href);
    const xhr = new XMLHttpRequest();
    const stop = (): void => xhr.abort();
    const answer = (): void => (isFrom(asked, xhr) ? resolve(responseOf(xhr)) : lose());
    // Safari aborts by itself when it drops a connection: only the signal tells whether the caller did.
    const lose = (): void => reject(new TypeError('XMLHttpRequest got no answer'));
    xhr.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.overrideMimeType('text/plain; charset=utf-8');
    tellProgress(xhr.upload, blob.size, onProgress);
    xhr.onload = answer;
    xhr.onerror = lose;
    xhr.onabort = lose;
    xhr.onprogress = ({ loaded }) => {
      if (loaded <= ERROR_BODY_MAX) return;
      answer();
      xhr.abort();
    };
    xhr.onloadend = () => signal.removeEventListener('abort', stop);
    signal.addEventListener('abort', stop);
    xhr.send(blob);
  });
}

/** What browsers count may begin anew or hold more than the body; what is told does not. */
function tellProgress(
  upload: XMLHttpRequestUpload,
  size: number,
  onProgress: (sentBytes: number) => void,
): void {
  let sentBytes = 0;
  const tell = (loaded: number): void => {
    sentBytes = Math.max(sentBytes, Math.min(loaded, size));
    onProgress(sentBytes);
  };
  tell(0);
  upload.onprogress = ({ loaded }) => tell(loaded);
  upload.onload = () => tell(size);
}

/** Whether the one who answered is the one who was asked. */
function isFrom({ href }: URL, { responseURL }: XMLHttpRequest): boolean {
  return responseURL === href.replace(/#.*/, '');
}

function responseOf(xhr: XMLHttpRequest): PartResponse {
  return { status: xhr.status, headers: headersOf(xhr), body: beginningOf(xhr.responseText) };
}

function headersOf(xhr: XMLHttpRequest): Readonly<Record<string, string>> {
  const lines = xhr.getAllResponseHeaders().split('\r\n');
  const fields = lines.map((line) => /^([^:]+):[ \t]*(.*)$/.exec(line)).filter((field) => field !== null);
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}

function beginningOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= ERROR_BODY_MAX ? text : new TextDecoder().decode(bytes.subarray(0, ERROR_BODY_MAX));
}
