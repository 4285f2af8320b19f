import { refusedCallback } from './refused-callback.ts';

/** A request as a server without `Request` has it, such as Node's own. */
export interface CallbackRequest {
  readonly method?: string | undefined;
  /** Path and query exactly as OSS sent them, with or without scheme and host before them. */
  readonly url?: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The bytes as they came, or the chunks of them, such as Node's `IncomingMessage` is. */
  readonly body: Uint8Array | string | AsyncIterable<Uint8Array>;
}

/** A callback with well-formed headers; not verified yet. */
export interface ReceivedCallback {
  readonly keyUrl: string;
  readonly signature: Uint8Array;
  readonly contentType: string;
  /** The part of the signed text before the body: path, decoded, and query, as it is. */
  readonly signedTarget: Uint8Array;
  /** Reads the body, once, up to a bound. */
  body(): Promise<Uint8Array>;
}

/** Reads the head. Throws an `UploadError` `refused` for what OSS does not send. */
export function receiveCallback(request: Request | CallbackRequest, bodySizeMax: number): ReceivedCallback {
  const { method, url = '', headers, body } = request;
  if (method !== 'POST') throw refusedCallback('is no POST');
  const keyUrl = base64Header(headers, 'x-oss-pub-key-url').toString('latin1');
  const signature = base64Header(headers, 'authorization');
  return {
    keyUrl,
    signature,
    contentType: headerOf(headers, 'content-type') ?? '',
    signedTarget: signedTarget(url),
    body: () => readBody(body ?? '', bodySizeMax),
  };
}

/** Keys of OSS are of 512 bits; one of 4096 would sign with 684 characters. */
const HEADER_LENGTH_MAX = 1024;

function base64Header(headers: CallbackRequest['headers'] | Headers, name: string): Buffer {
  const text = headerOf(headers, name) ?? '';
  if (text === '') throw refusedCallback(`has no header ${name}`);
  const bytes = Buffer.from(text, 'base64');
  // Node passes over what is no base64.
  if (text.length <= HEADER_LENGTH_MAX && bytes.toString('base64') === text) return bytes;
  throw refusedCallback(`has a header ${name} that is no base64`);
}

function headerOf(headers: CallbackRequest['headers'] | Headers, name: string): string | undefined {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value === 'string') return value.trim();
  // Given twice, it is not what OSS sent.
  return value === undefined || value === null || value.length !== 1 ? undefined : value[0]?.trim();
}

function signedTarget(url: string): Uint8Array {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const queryStart = target.indexOf('?');
  const path = queryStart < 0 ? target : target.slice(0, queryStart);
  const query = queryStart < 0 ? '' : target.slice(queryStart);
  return Buffer.concat([percentDecoded(path === '' ? '/' : path), Buffer.from(query)]);
}

/** To bytes: they need not be UTF-8. */
function percentDecoded(text: string): Buffer {
  const latin1 = Buffer.from(text).toString('latin1');
  const decoded = latin1.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, 'latin1');
}

async function readBody(body: CallbackRequest['body'], sizeMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of piecesOf(body)) {
    size += chunk.length;
    if (size > sizeMax) throw refusedCallback(`is longer than ${sizeMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function piecesOf(body: CallbackRequest['body']): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof body === 'string') return [Buffer.from(body)];
  return body instanceof Uint8Array ? [body] : body;
}
