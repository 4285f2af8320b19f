import { createHash } from 'node:crypto';
import {
  entityTooLargeError,
  incompleteBodyError,
  invalidArgumentError,
  invalidCrc64Error,
  invalidDigestError,
  malformedXmlError,
  missingContentLengthError,
} from '../errors.ts';
import type { StoredBlob } from '../storage/blobs.ts';
import type { OssState } from '../storage/state.ts';
import type { OssRequest } from '../types.ts';
import { getHeader } from './wire-text.ts';

/** The limit of one part or one PutObject. */
const ENTITY_SIZE_MAX = 5 * 1024 ** 3;
/** The limit of an XML body. The list of 10,000 parts is under 1 MiB. */
const XML_SIZE_MAX = 4 * 1024 ** 2;

/** Stores the body of an UploadPart or PutObject if its length, MD5 and CRC64 match the request's headers. */
export async function storeBody(state: OssState, request: OssRequest): Promise<StoredBlob> {
  const declaredLength = readDeclaredLength(request);
  const md5 = readContentMd5(request);
  if (declaredLength !== undefined && declaredLength > ENTITY_SIZE_MAX) throw entityTooLargeError();
  const blob = await state.blobs.write(checkLength(request.body, declaredLength));
  const crc64 = getHeader(request, 'x-oss-hash-crc64ecma');
  const isMd5Equal = md5 === undefined || md5 === blob.md5;
  if (isMd5Equal && (crc64 === undefined || crc64 === blob.crc64)) return blob;
  await state.blobs.remove(blob.blobId);
  throw isMd5Equal ? invalidCrc64Error() : invalidDigestError();
}

/** Reads a whole XML body as text. */
export async function readXmlBody(request: OssRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of checkLength(request.body, readDeclaredLength(request, 0))) {
    size += chunk.length;
    if (size > XML_SIZE_MAX) throw malformedXmlError();
    chunks.push(new Uint8Array(chunk));
  }
  const md5 = readContentMd5(request);
  const body = Buffer.concat(chunks);
  if (md5 !== undefined && md5 !== computeMd5(body)) throw invalidDigestError();
  return body.toString('utf8');
}

/** `undefined` for a chunked body. */
function readDeclaredLength(request: OssRequest, missing?: number): number | undefined {
  const text = getHeader(request, 'content-length');
  if (text !== undefined && !/^\d{1,15}$/.test(text)) {
    throw invalidArgumentError('Invalid Content-Length.', 'Content-Length', text);
  }
  if (text !== undefined) return Number(text);
  if (getHeader(request, 'transfer-encoding') !== undefined) return undefined;
  if (missing !== undefined) return missing;
  throw missingContentLengthError();
}

/** Reads Content-MD5 as upper-case hex. */
function readContentMd5(request: OssRequest): string | undefined {
  const text = getHeader(request, 'content-md5');
  if (text === undefined || text === '') return undefined;
  const digest = Buffer.from(text, 'base64');
  if (digest.length !== 16 || digest.toString('base64') !== text) throw invalidDigestError();
  return digest.toString('hex').toUpperCase();
}

function computeMd5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex').toUpperCase();
}

async function* checkLength(
  body: AsyncIterable<Uint8Array>,
  declaredLength: number | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let size = 0;
  for await (const chunk of rejectBrokenBody(body)) {
    size += chunk.length;
    if (size > ENTITY_SIZE_MAX) throw entityTooLargeError();
    yield chunk;
  }
  if (declaredLength !== undefined && size < declaredLength) throw incompleteBodyError();
}

/** A body that ends with an error is incomplete, whatever the error and whether it is chunked or not. */
async function* rejectBrokenBody(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch {
    throw incompleteBodyError();
  }
}
