import { refusedCallbackError } from './callback-errors.ts';

/** A request on a server without `Request`, such as Node's own. */
export interface CallbackRequest {
  /** The HTTP method; anything but `POST` is refused. */
  readonly method?: string | undefined;
  /** Path and query exactly as OSS sent them, with or without scheme and host. */
  readonly url?: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The bytes as received, or their chunks, such as Node's `IncomingMessage`. */
  readonly body: Uint8Array | string | AsyncIterable<Uint8Array>;
}

/** A callback with a well-formed head. Nothing of it is verified yet. */
export interface ReceivedCallback {
  readonly keyUrl: string;
  readonly signature: Uint8Array;
  readonly contentType: string;
  /** The start of the signed text, before the body: the decoded path, and the query as received. */
  readonly signedTarget: Uint8Array;
  /** Reads the body, once. Rejects with `refused` if it is too long. */
  readBody(): Promise<Uint8Array>;
}

/** Reads the head. Throws `refused` if OSS does not send such requests. */
export function receiveCallback(request: Request | CallbackRequest, bodySizeMax: number): ReceivedCallback {
  const { method, url = '', headers, body } = request;
  if (method !== 'POST') throw refusedCallbackError('is not a POST request');
  const keyUrl = readBase64Header(headers, 'x-oss-pub-key-url').toString('latin1');
  const signature = readBase64Header(headers, 'authorization');
  return {
    keyUrl,
    signature,
    contentType: readHeader(headers, 'content-type') ?? '',
    signedTarget: getSignedTarget(url),
    readBody: () => readBody(body ?? '', bodySizeMax),
  };
}

/** The keys of OSS have 512 bits; the signature of a key with 4096 bits would have 684 characters. */
const HEADER_LENGTH_MAX = 1024;

function readBase64Header(headers: CallbackRequest['headers'] | Headers, name: string): Buffer {
  const text = readHeader(headers, name) ?? '';
  if (text === '') throw refusedCallbackError(`has no header ${name}`);
  const bytes = Buffer.from(text, 'base64');
  // Node ignores characters that are not base64.
  if (text.length <= HEADER_LENGTH_MAX && bytes.toString('base64') === text) return bytes;
  throw refusedCallbackError(`has a header ${name} that is not base64`);
}

function readHeader(headers: CallbackRequest['headers'] | Headers, name: string): string | undefined {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value === 'string') return value.trim();
  // OSS sends each header once.
  return value === undefined || value === null || value.length !== 1 ? undefined : value[0]?.trim();
}

function getSignedTarget(url: string): Uint8Array {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const queryStart = target.indexOf('?');
  const path = queryStart < 0 ? target : target.slice(0, queryStart);
  const query = queryStart < 0 ? '' : target.slice(queryStart);
  return Buffer.concat([decodePercent(path === '' ? '/' : path), Buffer.from(query)]);
}

/** Decodes to bytes, because they need not be UTF-8. */
function decodePercent(text: string): Buffer {
  const latin1 = Buffer.from(text).toString('latin1');
  const decoded = latin1.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, 'latin1');
}

async function readBody(body: CallbackRequest['body'], sizeMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of toChunks(body)) {
    size += chunk.length;
    if (size > sizeMax) throw refusedCallbackError(`is longer than ${sizeMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toChunks(body: CallbackRequest['body']): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof body === 'string') return [Buffer.from(body)];
  return body instanceof Uint8Array ? [body] : body;
}
