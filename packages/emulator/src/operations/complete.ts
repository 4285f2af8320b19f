import { createHash } from 'node:crypto';
import {
  completeAllWithBody,
  entityTooSmall,
  invalidArgument,
  invalidPart,
  invalidPartOrder,
  malformedXml,
} from '../errors.ts';
import { readXmlBody } from '../http/body.ts';
import { type Answer, xmlAnswer } from '../http/response.ts';
import { headerOf } from '../http/wire-text.ts';
import { childrenNamed, readXml, textOf } from '../http/xml.ts';
import { combineCrc64 } from '../storage/crc64.ts';
import {
  type Bucket,
  type MultipartUpload,
  type ObjectVersion,
  type OssState,
  type StoredPart,
  uploadOf,
} from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import type { Callbacks } from './callback.ts';
import { encoded, encodingElement, partsOf } from './multipart.ts';
import { assertMayWrite, keepObject, readPieces, versionHeader } from './objects.ts';
import { assertAcl } from './request-checks.ts';

/** Of every part but the last. */
const PART_SIZE_MIN = 102_400;
/** The EC of MalformedXML here. */
const MALFORMED = '0042-00000205';

/** POST /key?uploadId=ID. The checks come in the order of OSS.md 5.5. */
export async function completeMultipartUpload(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
  callbacks: Callbacks,
): Promise<Answer> {
  const uploadId = parameters.get('uploadId') ?? '';
  uploadOf(bucket, key, uploadId, '0042-00000104');
  const callback = await callbacks.read(request, parameters);
  assertAcl(request);
  const xml = await readXmlBody(request);
  // The upload is looked up anew after every wait, in which another Complete may win.
  const check = (): Completion => {
    const upload = uploadOf(bucket, key, uploadId, '0042-00000104');
    const parts = chosenParts(upload, isCompleteAll(request), xml);
    if (parts.slice(0, -1).some((part) => part.size < PART_SIZE_MIN)) throw entityTooSmall();
    const forbidsOverwrite = headerOf(request, 'x-oss-forbid-overwrite') === 'true';
    assertMayWrite(bucket, key, upload.forbidsOverwrite || forbidsOverwrite);
    return { upload, parts };
  };
  const checked = check();
  const contentMd5 = checked.upload.isSequential ? await contentMd5Of(state, checked.parts) : undefined;
  const { upload, parts } = contentMd5 === undefined ? checked : check();
  const object = await finishUpload(state, bucket, { upload, parts, contentMd5 });
  const headers = {
    ETag: `"${object.etag}"`,
    'x-oss-hash-crc64ecma': object.crc64,
    ...versionHeader(bucket, object),
  };
  if (callback !== undefined) return callbacks.call(callback, { bucket, object, headers });
  const host = headerOf(request, 'host') ?? '';
  return xmlAnswer(
    'CompleteMultipartUploadResult',
    [
      ...encodingElement(parameters),
      ['Location', `http://${host}/${encoded(key, parameters)}`],
      ['Bucket', bucket.name],
      ['Key', encoded(key, parameters)],
      ['ETag', `"${object.etag}"`],
    ],
    headers,
  );
}

interface Completion {
  readonly upload: MultipartUpload;
  readonly parts: readonly StoredPart[];
}

function isCompleteAll(request: OssRequest): boolean {
  const value = headerOf(request, 'x-oss-complete-all');
  if (value === undefined || value === 'yes') return value === 'yes';
  throw invalidArgument('The only value of x-oss-complete-all is yes.', 'x-oss-complete-all', value);
}

/**
 * Only an object whose parts came in order has one. Discarded bytes count as the zeros that they are read as.
 */
async function contentMd5Of(state: OssState, parts: readonly StoredPart[]): Promise<string> {
  const md5 = createHash('md5');
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  for await (const chunk of readPieces(state, parts, 0, size)) md5.update(chunk);
  return md5.digest('base64');
}

function chosenParts(upload: MultipartUpload, isAll: boolean, xml: string): readonly StoredPart[] {
  if (isAll && xml !== '') throw completeAllWithBody();
  const chosen = isAll ? partsOf(upload) : namedParts(upload, xml);
  if (chosen.length === 0) throw malformedXml(MALFORMED);
  return chosen;
}

function namedParts(upload: MultipartUpload, xml: string): readonly StoredPart[] {
  const named = childrenNamed(readXml(xml, 'CompleteMultipartUpload', MALFORMED), 'Part').map((part) => {
    const partNumber = textOf(part, 'PartNumber') ?? '';
    const etag = textOf(part, 'ETag');
    if (!/^\d{1,5}$/.test(partNumber) || etag === undefined) throw malformedXml(MALFORMED);
    return { partNumber: Number(partNumber), etag: etag.replaceAll('"', '').toUpperCase() };
  });
  if (named.some(({ partNumber }, index) => index > 0 && partNumber <= (named[index - 1]?.partNumber ?? 0))) {
    throw invalidPartOrder();
  }
  return named.map(({ partNumber, etag }) => {
    const part = upload.parts.get(partNumber);
    if (part === undefined || part.etag !== etag) throw invalidPart();
    return part;
  });
}

/** Makes the object of the parts' own bytes; parts that were not named are dropped with the upload. */
async function finishUpload(
  state: OssState,
  bucket: Bucket,
  { upload, parts, contentMd5 }: Completion & { readonly contentMd5: string | undefined },
): Promise<ObjectVersion> {
  bucket.uploads.delete(upload.uploadId);
  const object = await keepObject(state, bucket, {
    key: upload.key,
    type: 'Multipart',
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag: `${multipartDigest(parts)}-${parts.length}`,
    crc64: combineCrc64(parts.map(({ trueCrc64, size }) => ({ crc64: trueCrc64, size }))),
    contentMd5,
    headers: upload.headers,
    pieces: parts.map(({ blobId, size }) => ({ blobId, size })),
  });
  await state.records.removeUpload(bucket, upload.uploadId);
  const used = new Set(parts.map((part) => part.partNumber));
  for (const part of upload.parts.values()) {
    if (!used.has(part.partNumber)) await state.blobs.remove(part.blobId);
  }
  return object;
}

/**
 * How OSS makes the ETag of a multipart object is not documented; this one is stable, and depends on every
 * part.
 */
function multipartDigest(parts: readonly StoredPart[]): string {
  const etags = Buffer.from(parts.map((part) => part.etag).join(''), 'hex');
  return createHash('md5').update(etags).digest('hex').toUpperCase();
}
