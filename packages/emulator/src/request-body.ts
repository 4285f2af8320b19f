import { createHash } from 'node:crypto';
import type { Blob, Blobs } from './blobs.ts';
import { invalidArgument, ossError } from './errors.ts';
import { OssError } from './oss-error.ts';
import type { OssRequest } from './types.ts';
import { headerOf } from './wire-text.ts';
import { parseXml, XML_BYTES_MAX, type XmlElement } from './xml.ts';

/** Of a part and of an object that is put at once: 5 GiB. */
export const UPLOAD_BYTES_MAX: number = 5 * 1024 ** 3;

/** Stores the body of a part or an object. Afterwards it is what its headers say, or nothing of it is kept. */
export async function receiveBlob(request: OssRequest, blobs: Blobs): Promise<Blob> {
  const declaredSize = contentLength(request);
  const isChunked = /\bchunked\b/i.test(headerOf(request, 'transfer-encoding') ?? '');
  if (declaredSize === undefined && !isChunked) throw ossError('MissingContentLength');
  if (declaredSize !== undefined && declaredSize > UPLOAD_BYTES_MAX) throw ossError('EntityTooLarge');
  const expectedMd5 = contentMd5(request);
  const blob = await blobs.write(bounded(request.body, UPLOAD_BYTES_MAX, () => ossError('EntityTooLarge')));
  const refusal = refusalOf(blob, { declaredSize, expectedMd5, expectedCrc64: crc64Header(request) });
  if (refusal === undefined) return blob;
  await blobs.remove(blob.blobId);
  throw refusal;
}

function contentLength(request: OssRequest): number | undefined {
  const text = headerOf(request, 'content-length');
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument('Content-Length', text);
  return Number(text);
}

/** Upper-case hex; 400 InvalidDigest unless the header is the base64 of 16 bytes. */
function contentMd5(request: OssRequest): string | undefined {
  const text = headerOf(request, 'content-md5');
  if (text === undefined) return undefined;
  if (!/^[A-Za-z0-9+/]{22}==$/.test(text)) throw ossError('InvalidDigest');
  return Buffer.from(text, 'base64').toString('hex').toUpperCase();
}

function crc64Header(request: OssRequest): string | undefined {
  return headerOf(request, 'x-oss-hash-crc64ecma');
}

interface Expectation {
  readonly declaredSize: number | undefined;
  readonly expectedMd5: string | undefined;
  readonly expectedCrc64: string | undefined;
}

function refusalOf(
  blob: Blob,
  { declaredSize, expectedMd5, expectedCrc64 }: Expectation,
): OssError | undefined {
  if (declaredSize !== undefined && blob.size !== declaredSize) return ossError('IncompleteBody');
  if (expectedMd5 !== undefined && blob.md5 !== expectedMd5) return ossError('InvalidDigest');
  if (expectedCrc64 !== undefined && blob.crc64 !== expectedCrc64) return ossError('InvalidCRC64');
  return undefined;
}

/** A body that breaks off is incomplete, however it says so. */
async function* bounded(
  body: AsyncIterable<Uint8Array>,
  sizeMax: number,
  tooLarge: () => OssError,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > sizeMax) throw tooLarge();
      yield chunk;
    }
  } catch (reason) {
    throw reason instanceof OssError ? reason : ossError('IncompleteBody');
  }
}

/** The text of a small body, its Content-MD5 checked. */
export async function readText(request: OssRequest): Promise<string> {
  const expectedMd5 = contentMd5(request);
  const declaredSize = contentLength(request);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(request.body, XML_BYTES_MAX, () => ossError('MalformedXML'))) {
    chunks.push(chunk.slice());
  }
  const bytes = Buffer.concat(chunks);
  if (declaredSize !== undefined && bytes.length !== declaredSize) throw ossError('IncompleteBody');
  const md5 = createHash('md5').update(bytes).digest('hex').toUpperCase();
  if (expectedMd5 !== undefined && md5 !== expectedMd5) throw ossError('InvalidDigest');
  return bytes.toString('utf8');
}

export async function readXml(request: OssRequest, rootName: string): Promise<XmlElement> {
  return parseXml(await readText(request), rootName);
}
