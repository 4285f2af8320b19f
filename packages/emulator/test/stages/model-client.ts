import { getChildText, parseXml } from '../../src/http/xml.ts';
import { createOssModel, type OssModel, type OssModelOptions } from '../../src/oss-model.ts';
import { createMemoryBlobs } from '../../src/storage/memory-blobs.ts';
import { CREDENTIALS, signInHeaders } from './signing.ts';

/** The options of a request to a model. */
export interface RequestOptions {
  /** Default: `demo`. */
  readonly bucket?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Default: the length of the body. `null`: no Content-Length. */
  readonly contentLength?: number | null;
}

export interface ModelResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface ModelClient {
  readonly model: OssModel;
  /** Sends `METHOD /bucket/key`; a key of '' is for the bucket. */
  send(method: string, key: string, options?: RequestOptions): Promise<ModelResponse>;
  initiate(key: string, options?: RequestOptions): Promise<string>;
  /** Sends a part and returns its ETag with its quotes. */
  putPart(key: string, uploadId: string, partNumber: number, body: string | Uint8Array): Promise<string>;
  complete(
    key: string,
    uploadId: string,
    parts: readonly (readonly [number, string])[],
    options?: RequestOptions,
  ): Promise<ModelResponse>;
  /** Moves the clock by `ms`. */
  advanceClock(ms: number): void;
}

export const START: number = Date.parse('2026-01-02T03:04:05.678Z');
/** A part of the minimum size for all but the last. */
export const PART: Uint8Array = new Uint8Array(102_400).fill(0x41);

/** Creates a model in memory, and a client that signs in its headers. */
export function createModelClient(options: Partial<OssModelOptions> = {}): ModelClient {
  let now = START;
  const model = createOssModel({
    region: 'cn-hangzhou',
    buckets: ['demo'],
    credentials: CREDENTIALS,
    clock: { now: () => now },
    blobs: createMemoryBlobs(),
    ...options,
  });

  async function send(
    method: string,
    key: string,
    requestOptions: RequestOptions = {},
  ): Promise<ModelResponse> {
    const { bucket = 'demo', query = {}, headers = {}, body = '' } = requestOptions;
    const signed = signInHeaders({ method, bucket, key, query, headers, signedAt: now });
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const length = bytes instanceof Uint8Array ? bytes.length : undefined;
    const declared = requestOptions.contentLength === undefined ? length : requestOptions.contentLength;
    const response = await model.handle({
      method,
      target: signed.target,
      headers: {
        ...headers,
        ...signed.headers,
        host: headers.host ?? '127.0.0.1:9000',
        ...(declared === null || declared === undefined ? {} : { 'content-length': String(declared) }),
      },
      body: bytes instanceof Uint8Array ? singleChunk(bytes) : bytes,
    });
    return { status: response.status, headers: response.headers, text: await readText(response.body) };
  }

  return {
    model,
    send,
    async initiate(key, requestOptions = {}) {
      const { text } = await send('POST', key, {
        ...requestOptions,
        query: { uploads: '', ...requestOptions.query },
      });
      return getChildText(parseXml(text, 'InitiateMultipartUploadResult'), 'UploadId') ?? '';
    },
    async putPart(key, uploadId, partNumber, body) {
      const reply = await send('PUT', key, { query: { uploadId, partNumber: String(partNumber) }, body });
      return reply.headers.ETag ?? '';
    },
    complete(key, uploadId, parts, requestOptions = {}) {
      return send('POST', key, {
        ...requestOptions,
        query: { uploadId, ...requestOptions.query },
        body: createCompleteXml(parts),
      });
    },
    advanceClock(ms) {
      now += ms;
    },
  };
}

export function createCompleteXml(parts: readonly (readonly [number, string])[]): string {
  const elements = parts.map(
    ([partNumber, etag]) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${elements.join('')}</CompleteMultipartUpload>`;
}

/** The text of the first element with the name; '' if there is none. */
export function readTag(text: string, name: string): string {
  return new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1] ?? '';
}

export async function readObjectText(model: OssModel, key: string): Promise<string | undefined> {
  const bytes = await model.object('demo', key)?.bytes();
  return bytes && Buffer.from(bytes).toString();
}

/** The names of the root's children, in order. */
export function readChildNames(text: string): readonly string[] {
  const inside = text.replace(/^<\?.*\?>\s*<\w+>/, '');
  const names: string[] = [];
  for (let rest = inside; /^<\w+>/.test(rest); ) {
    const name = /^<(\w+)>/.exec(rest)?.[1] ?? '';
    names.push(name);
    rest = rest.slice(rest.indexOf(`</${name}>`) + name.length + 3);
  }
  return names;
}

export async function* singleChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function readText(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (body instanceof Uint8Array) chunks.push(body);
  else for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
