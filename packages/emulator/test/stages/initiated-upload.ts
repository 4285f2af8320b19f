import { randomBytes } from 'node:crypto';
import { type FaultEffect, type FaultHandle, type OssEmulator, startOssEmulator } from '../../src/index.ts';
import { CREDENTIALS, presignTarget, type SigningOptions } from './signing.ts';

export const KEY = 'movies/1.bin';
export const PART: Buffer = randomBytes(300 * 1024);

export interface SendOptions extends SigningOptions {
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly origin?: string;
}

/** A new emulator with one initiated upload, and a client without state. */
export interface InitiatedUpload {
  readonly emulator: OssEmulator;
  readonly uploadId: string;
  /** Sends a request by fetch and presigned URL. */
  send(request: SendOptions): Promise<Response>;
  putPart(partNumber?: number, options?: Partial<SendOptions>): Promise<Response>;
  complete(): Promise<Response>;
  /** Adds a fault for every UploadPart. */
  addFault(effect: FaultEffect): FaultHandle;
  /** Removes all faults and lists the parts: `1:<crc64>`. */
  listParts(): Promise<readonly string[]>;
  /** Uploads {@link PART} as part 9 and returns its CRC64. */
  readPartCrc(): Promise<string>;
  /** Lets any page PUT and read the headers. */
  allowCors(...exposed: readonly string[]): Promise<void>;
}

export async function initiateUpload(): Promise<InitiatedUpload> {
  const emulator = await startOssEmulator({ buckets: ['demo'], credentials: CREDENTIALS });
  const { endpoint, faults } = emulator;

  function send({ body, origin, ...signing }: SendOptions): Promise<Response> {
    const { method = 'GET', headers = {} } = signing;
    const all = { ...headers, ...(origin === undefined ? {} : { origin }) };
    const init = { method, headers: all, ...(body === undefined ? {} : { body }) };
    return fetch(`${endpoint}${presignTarget({ key: KEY, ...signing })}`, init);
  }

  const initiated = await send({ method: 'POST', query: { uploads: '' } });
  const uploadId = /<UploadId>(\w+)</.exec(await initiated.text())?.[1] ?? '';

  function putPart(partNumber = 1, options: Partial<SendOptions> = {}): Promise<Response> {
    const query = { partNumber: String(partNumber), uploadId };
    return send({ method: 'PUT', query, body: new Uint8Array(PART), ...options });
  }

  return {
    emulator,
    uploadId,
    send,
    putPart,
    complete: () => send({ method: 'POST', query: { uploadId }, headers: { 'x-oss-complete-all': 'yes' } }),
    addFault: (effect) => faults.add({ operation: 'UploadPart', effect }),
    async listParts() {
      faults.clear();
      const text = await (await send({ query: { uploadId } })).text();
      const parts = text.matchAll(/<PartNumber>(\d+)<.*?<HashCrc64ecma>(\d+)</gs);
      return [...parts].map(([, partNumber, crc]) => `${partNumber}:${crc}`);
    },
    readPartCrc: async () => (await putPart(9)).headers.get('x-oss-hash-crc64ecma') ?? '',
    async allowCors(...exposed) {
      const exposes = exposed.map((name) => `<ExposeHeader>${name}</ExposeHeader>`).join('');
      const rule = `<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>${exposes}`;
      const xml = Buffer.from(`<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`);
      await send({ method: 'PUT', key: '', query: { cors: '' }, body: new Uint8Array(xml) });
    },
  };
}
