import { getChildText, parseXml } from '../../src/http/xml.ts';
import { createOssModel, type OssModel, type OssModelOptions } from '../../src/oss-model.ts';
import { createMemoryBlobs } from '../../src/storage/memory-blobs.ts';
import { CREDENTIALS, headerSigned } from './signing.ts';

/** What a test asks of a model, in a bucket named demo. */
export interface Ask {
  /** Default: `demo`. */
  readonly bucket?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Default: the body's length. `null`: none. */
  readonly contentLength?: number | null;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface ModelClient {
  readonly model: OssModel;
  /** `PUT /key`; a key of '' is about the bucket. */
  ask(method: string, key: string, ask?: Ask): Promise<Reply>;
  initiate(key: string, ask?: Ask): Promise<string>;
  /** Sends a part, and gives its ETag with its quotes. */
  put(key: string, uploadId: string, partNumber: number, body: string | Uint8Array): Promise<string>;
  complete(
    key: string,
    uploadId: string,
    parts: readonly (readonly [number, string])[],
    ask?: Ask,
  ): Promise<Reply>;
  /** Milliseconds. */
  pass(ms: number): void;
}

export const START: number = Date.parse('2026-01-02T03:04:05.678Z');
/** The smallest part that need not be the last. */
export const PART: Uint8Array = new Uint8Array(102_400).fill(0x41);

/** A model in memory, and a client that signs in its headers. */
export function modelClient(options: Partial<OssModelOptions> = {}): ModelClient {
  let now = START;
  const model = createOssModel({
    region: 'cn-hangzhou',
    buckets: ['demo'],
    credentials: CREDENTIALS,
    clock: { now: () => now },
    blobs: createMemoryBlobs(),
    ...options,
  });

  async function ask(method: string, key: string, wanted: Ask = {}): Promise<Reply> {
    const { bucket = 'demo', query = {}, headers = {}, body = '' } = wanted;
    const signed = headerSigned({ method, bucket, key, query, headers, signedAt: now });
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const length = bytes instanceof Uint8Array ? bytes.length : undefined;
    const declared = wanted.contentLength === undefined ? length : wanted.contentLength;
    const response = await model.handle({
      method,
      target: signed.target,
      headers: {
        ...headers,
        ...signed.headers,
        host: headers.host ?? '127.0.0.1:9000',
        ...(declared === null || declared === undefined ? {} : { 'content-length': String(declared) }),
      },
      body: bytes instanceof Uint8Array ? once(bytes) : bytes,
    });
    return { status: response.status, headers: response.headers, text: await textIn(response.body) };
  }

  return {
    model,
    ask,
    async initiate(key, wanted = {}) {
      const { text } = await ask('POST', key, { ...wanted, query: { uploads: '', ...wanted.query } });
      return getChildText(parseXml(text, 'InitiateMultipartUploadResult'), 'UploadId') ?? '';
    },
    async put(key, uploadId, partNumber, body) {
      const reply = await ask('PUT', key, { query: { uploadId, partNumber: String(partNumber) }, body });
      return reply.headers.ETag ?? '';
    },
    complete(key, uploadId, parts, wanted = {}) {
      return ask('POST', key, { ...wanted, query: { uploadId, ...wanted.query }, body: completeXml(parts) });
    },
    pass(ms) {
      now += ms;
    },
  };
}

export function completeXml(parts: readonly (readonly [number, string])[]): string {
  const named = parts.map(
    ([partNumber, etag]) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${named.join('')}</CompleteMultipartUpload>`;
}

/** The text of the first element of that name; '' when there is none. */
export function tag(text: string, name: string): string {
  return new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1] ?? '';
}

export async function textOfObject(model: OssModel, key: string): Promise<string | undefined> {
  const bytes = await model.object('demo', key)?.bytes();
  return bytes && Buffer.from(bytes).toString();
}

/** The names of the root's children, in order. */
export function childNames(text: string): readonly string[] {
  const inside = text.replace(/^<\?.*\?>\s*<\w+>/, '');
  const names: string[] = [];
  for (let rest = inside; /^<\w+>/.test(rest); ) {
    const name = /^<(\w+)>/.exec(rest)?.[1] ?? '';
    names.push(name);
    rest = rest.slice(rest.indexOf(`</${name}>`) + name.length + 3);
  }
  return names;
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function textIn(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (body instanceof Uint8Array) chunks.push(body);
  else for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
