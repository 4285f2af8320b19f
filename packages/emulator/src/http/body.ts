import { createHash } from 'node:crypto';
import {
  entityTooLarge,
  incompleteBody,
  invalidArgument,
  invalidCrc64,
  invalidDigest,
  malformedXml,
  missingContentLength,
} from '../errors.ts';
import type { StoredBlob } from '../storage/blobs.ts';
import type { OssState } from '../storage/state.ts';
import type { OssRequest } from '../types.ts';
import { headerOf } from './wire-text.ts';

/** Of one part or one PutObject. */
const ENTITY_SIZE_MAX = 5 * 1024 ** 3;
/** OSS's bodies of XML: 10,000 parts are under 1 MiB. */
const XML_SIZE_MAX = 4 * 1024 ** 2;

/**
 * Keeps the body of an UploadPart or PutObject, if it is as long, and has the MD5 and CRC64, that its headers
 * say.
 */
export async function storeBody(state: OssState, request: OssRequest): Promise<StoredBlob> {
  const declared = declaredLength(request);
  const md5 = contentMd5(request);
  if (declared !== undefined && declared > ENTITY_SIZE_MAX) throw entityTooLarge();
  const blob = await state.blobs.write(measured(request.body, declared));
  const crc64 = headerOf(request, 'x-oss-hash-crc64ecma');
  const isMd5Good = md5 === undefined || md5 === blob.md5;
  if (isMd5Good && (crc64 === undefined || crc64 === blob.crc64)) return blob;
  await state.blobs.remove(blob.blobId);
  throw isMd5Good ? invalidCrc64() : invalidDigest();
}

/** The text of a body of XML, whole. */
export async function readXmlBody(request: OssRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of measured(request.body, declaredLength(request, 0))) {
    size += chunk.length;
    if (size > XML_SIZE_MAX) throw malformedXml();
    chunks.push(new Uint8Array(chunk));
  }
  const md5 = contentMd5(request);
  const body = Buffer.concat(chunks);
  if (md5 !== undefined && md5 !== md5Of(body)) throw invalidDigest();
  return body.toString('utf8');
}

/** `undefined` for a chunked body. */
function declaredLength(request: OssRequest, missing?: number): number | undefined {
  const text = headerOf(request, 'content-length');
  if (text !== undefined && !/^\d{1,15}$/.test(text)) {
    throw invalidArgument('Invalid Content-Length.', 'Content-Length', text);
  }
  if (text !== undefined) return Number(text);
  if (headerOf(request, 'transfer-encoding') !== undefined) return undefined;
  if (missing !== undefined) return missing;
  throw missingContentLength();
}

/** The header's MD5 as upper-case hex. */
function contentMd5(request: OssRequest): string | undefined {
  const text = headerOf(request, 'content-md5');
  if (text === undefined || text === '') return undefined;
  const digest = Buffer.from(text, 'base64');
  if (digest.length !== 16 || digest.toString('base64') !== text) throw invalidDigest();
  return digest.toString('hex').toUpperCase();
}

function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex').toUpperCase();
}

async function* measured(
  body: AsyncIterable<Uint8Array>,
  declared: number | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let size = 0;
  for await (const chunk of unbroken(body)) {
    size += chunk.length;
    if (size > ENTITY_SIZE_MAX) throw entityTooLarge();
    yield chunk;
  }
  if (declared !== undefined && size < declared) throw incompleteBody();
}

/** A body that breaks off is incomplete, chunked or not, and whatever broke it. */
async function* unbroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch {
    throw incompleteBody();
  }
}
