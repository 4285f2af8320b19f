import { createHash } from 'node:crypto';
import {
  completeAllWithBodyError,
  entityTooSmallError,
  invalidArgumentError,
  invalidPartError,
  invalidPartOrderError,
  malformedXmlError,
} from '../errors.ts';
import { readXmlBody } from '../http/body.ts';
import { type OperationResponse, xmlResponse } from '../http/response.ts';
import { getHeader } from '../http/wire-text.ts';
import { getChildren, getChildText, parseXml } from '../http/xml.ts';
import { combineCrc64 } from '../storage/crc64.ts';
import {
  type Bucket,
  type MultipartUpload,
  type ObjectVersion,
  type OssState,
  requireUpload,
  type StoredPart,
} from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';
import type { Callbacks } from './callback.ts';
import { readKeyEncoding } from './listing-page.ts';
import { sortParts } from './multipart.ts';
import { assertMayWrite, readPieces, storeObject, versionIdHeader } from './object-versions.ts';
import { assertAcl } from './request-checks.ts';

/** The minimum of every part except the last, in bytes. */
const PART_SIZE_MIN = 102_400;
/** The EC of Complete's MalformedXML. */
const MALFORMED_XML_EC = '0042-00000205';

/** POST /key?uploadId=ID. The order of the checks is that of OSS.md 5.5. */
export async function completeMultipartUpload(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: QueryParameters,
  callbacks: Callbacks,
): Promise<OperationResponse> {
  const uploadId = parameters.get('uploadId') ?? '';
  requireUpload(bucket, key, uploadId, '0042-00000104');
  const callback = await callbacks.read(request, parameters);
  assertAcl(request);
  const xml = await readXmlBody(request);
  // Repeated after every await, because another Complete may finish the upload meanwhile.
  const check = (): Completion => {
    const upload = requireUpload(bucket, key, uploadId, '0042-00000104');
    const parts = selectParts(upload, isCompleteAll(request), xml);
    if (parts.slice(0, -1).some((part) => part.size < PART_SIZE_MIN)) throw entityTooSmallError();
    const forbidsOverwrite = getHeader(request, 'x-oss-forbid-overwrite') === 'true';
    assertMayWrite(bucket, key, upload.forbidsOverwrite || forbidsOverwrite);
    return { upload, parts };
  };
  const checked = check();
  const contentMd5 = checked.upload.isSequential ? await computeContentMd5(state, checked.parts) : undefined;
  const { upload, parts } = contentMd5 === undefined ? checked : check();
  const object = await finishUpload(state, bucket, { upload, parts, contentMd5 });
  const headers = {
    ETag: `"${object.etag}"`,
    'x-oss-hash-crc64ecma': object.crc64,
    ...versionIdHeader(bucket, object),
  };
  if (callback !== undefined) return callbacks.call(callback, { bucket, object, headers });
  const host = getHeader(request, 'host') ?? '';
  const encoding = readKeyEncoding(parameters);
  return xmlResponse(
    'CompleteMultipartUploadResult',
    [
      ['EncodingType', encoding.name],
      ['Location', `http://${host}/${encoding.encode(key)}`],
      ['Bucket', bucket.name],
      ['Key', encoding.encode(key)],
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
  const value = getHeader(request, 'x-oss-complete-all');
  if (value === undefined || value === 'yes') return value === 'yes';
  throw invalidArgumentError('The only value of x-oss-complete-all is yes.', 'x-oss-complete-all', value);
}

/** Only objects of sequential uploads have a Content-MD5. Discarded bytes count as zeros. */
async function computeContentMd5(state: OssState, parts: readonly StoredPart[]): Promise<string> {
  const md5 = createHash('md5');
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  for await (const chunk of readPieces(state, parts, 0, size)) md5.update(chunk);
  return md5.digest('base64');
}

function selectParts(upload: MultipartUpload, isAll: boolean, xml: string): readonly StoredPart[] {
  if (isAll && xml !== '') throw completeAllWithBodyError();
  const selected = isAll ? sortParts(upload) : selectNamedParts(upload, xml);
  if (selected.length === 0) throw malformedXmlError(MALFORMED_XML_EC);
  return selected;
}

function selectNamedParts(upload: MultipartUpload, xml: string): readonly StoredPart[] {
  const entries = getChildren(parseXml(xml, 'CompleteMultipartUpload', MALFORMED_XML_EC), 'Part').map(
    (part) => {
      const partNumber = getChildText(part, 'PartNumber') ?? '';
      const etag = getChildText(part, 'ETag');
      if (!/^\d{1,5}$/.test(partNumber) || etag === undefined) throw malformedXmlError(MALFORMED_XML_EC);
      return { partNumber: Number(partNumber), etag: etag.replaceAll('"', '').toUpperCase() };
    },
  );
  if (
    entries.some(({ partNumber }, index) => index > 0 && partNumber <= (entries[index - 1]?.partNumber ?? 0))
  ) {
    throw invalidPartOrderError();
  }
  return entries.map(({ partNumber, etag }) => {
    const part = upload.parts.get(partNumber);
    if (part === undefined || part.etag !== etag) throw invalidPartError();
    return part;
  });
}

/** Creates the object from the blobs of the parts. Parts that are not in the list are removed. */
async function finishUpload(
  state: OssState,
  bucket: Bucket,
  { upload, parts, contentMd5 }: Completion & { readonly contentMd5: string | undefined },
): Promise<ObjectVersion> {
  bucket.uploads.delete(upload.uploadId);
  const object = await storeObject(state, bucket, {
    key: upload.key,
    type: 'Multipart',
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag: `${computeMultipartEtag(parts)}-${parts.length}`,
    crc64: combineCrc64(parts.map(({ trueCrc64, size }) => ({ crc64: trueCrc64, size }))),
    contentMd5,
    headers: upload.headers,
    pieces: parts.map(({ blobId, size }) => ({ blobId, size })),
  });
  await state.records.removeUpload(bucket, upload.uploadId);
  const usedNumbers = new Set(parts.map((part) => part.partNumber));
  for (const part of upload.parts.values()) {
    if (!usedNumbers.has(part.partNumber)) await state.blobs.remove(part.blobId);
  }
  return object;
}

/** OSS does not document the ETag of a multipart object. This one is stable and depends on every part. */
function computeMultipartEtag(parts: readonly StoredPart[]): string {
  const etags = Buffer.from(parts.map((part) => part.etag).join(''), 'hex');
  return createHash('md5').update(etags).digest('hex').toUpperCase();
}
