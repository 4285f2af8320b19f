import { randomBytes } from 'node:crypto';
import { type FaultEffect, type FaultHandle, type OssEmulator, startOssEmulator } from '../../src/index.ts';
import { CREDENTIALS, presigned, type ToSign } from './signing.ts';

export const KEY = 'movies/1.bin';
export const PART: Buffer = randomBytes(300 * 1024);

export interface ToSend extends ToSign {
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly origin?: string;
}

/** An emulator of its own with one upload begun, and a client that holds no state. */
export interface BegunUpload {
  readonly emulator: OssEmulator;
  readonly uploadId: string;
  /** Over fetch, by presigned URL. */
  send(request: ToSend): Promise<Response>;
  putPart(partNumber?: number, more?: Partial<ToSend>): Promise<Response>;
  complete(): Promise<Response>;
  /** Befalls every UploadPart. */
  fault(effect: FaultEffect): FaultHandle;
  /** Ends all faults and tells what ListParts shows: `1:<crc64>`. */
  held(): Promise<readonly string[]>;
  /** Of {@link PART}, by way of part 9. */
  rightCrc(): Promise<string>;
  /** Lets any page PUT, and read these headers. */
  allowPages(...exposed: readonly string[]): Promise<void>;
}

export async function beginUpload(): Promise<BegunUpload> {
  const emulator = await startOssEmulator({ buckets: ['demo'], credentials: CREDENTIALS });
  const { endpoint, faults } = emulator;

  function send({ body, origin, ...toSign }: ToSend): Promise<Response> {
    const { method = 'GET', headers = {} } = toSign;
    const all = { ...headers, ...(origin === undefined ? {} : { origin }) };
    const init = { method, headers: all, ...(body === undefined ? {} : { body }) };
    return fetch(`${endpoint}${presigned({ key: KEY, ...toSign })}`, init);
  }

  const initiated = await send({ method: 'POST', query: { uploads: '' } });
  const uploadId = /<UploadId>(\w+)</.exec(await initiated.text())?.[1] ?? '';

  function putPart(partNumber = 1, more: Partial<ToSend> = {}): Promise<Response> {
    const query = { partNumber: String(partNumber), uploadId };
    return send({ method: 'PUT', query, body: new Uint8Array(PART), ...more });
  }

  return {
    emulator,
    uploadId,
    send,
    putPart,
    complete: () => send({ method: 'POST', query: { uploadId }, headers: { 'x-oss-complete-all': 'yes' } }),
    fault: (effect) => faults.add({ operation: 'UploadPart', effect }),
    async held() {
      faults.clear();
      const text = await (await send({ query: { uploadId } })).text();
      const parts = text.matchAll(/<PartNumber>(\d+)<.*?<HashCrc64ecma>(\d+)</gs);
      return [...parts].map(([, partNumber, crc]) => `${partNumber}:${crc}`);
    },
    rightCrc: async () => (await putPart(9)).headers.get('x-oss-hash-crc64ecma') ?? '',
    async allowPages(...exposed) {
      const exposes = exposed.map((name) => `<ExposeHeader>${name}</ExposeHeader>`).join('');
      const rule = `<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>${exposes}`;
      const xml = Buffer.from(`<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`);
      await send({ method: 'PUT', key: '', query: { cors: '' }, body: new Uint8Array(xml) });
    },
  };
}
