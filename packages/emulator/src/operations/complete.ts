import { createHash } from 'node:crypto';
import { type Answer, xmlAnswer } from '../answer.ts';
import { readXmlBody } from '../body.ts';
import { combineCrc64 } from '../crc64.ts';
import {
  completeAllWithBody,
  entityTooSmall,
  invalidPart,
  invalidPartOrder,
  malformedXml,
} from '../errors.ts';
import { type Bucket, type MultipartUpload, type OssState, type StoredPart, uploadOf } from '../state.ts';
import type { OssRequest } from '../types.ts';
import { headerOf } from '../wire-text.ts';
import { childrenNamed, readXml, textOf } from '../xml.ts';
import { type Callbacks, readCallback } from './callback.ts';
import { encoded, encodingElement, type Parameters, partsOf } from './multipart.ts';
import { assertMayWrite, keepObject, versionHeader } from './objects.ts';

/** Of every part but the last. */
const PART_SIZE_MIN = 102_400;

/** POST /key?uploadId=ID. The checks come in the order of OSS.md 5.5. */
export async function completeMultipartUpload(
  state: OssState,
  bucket: Bucket,
  key: string,
  request: OssRequest,
  parameters: Parameters,
  callbacks: Callbacks,
): Promise<Answer> {
  const uploadId = parameters.get('uploadId') ?? '';
  uploadOf(bucket, key, uploadId, '0042-00000104');
  const callback = readCallback(request, parameters);
  const xml = await readXmlBody(request);
  // Looked up again: reading the body takes time, in which another Complete may win.
  const upload = uploadOf(bucket, key, uploadId, '0042-00000104');
  const parts = chosenParts(upload, headerOf(request, 'x-oss-complete-all') === 'yes', xml);
  if (parts.slice(0, -1).some((part) => part.size < PART_SIZE_MIN)) throw entityTooSmall();
  const forbidsOverwrite = upload.forbidsOverwrite || headerOf(request, 'x-oss-forbid-overwrite') === 'true';
  assertMayWrite(bucket, key, forbidsOverwrite);

  const object = await finishUpload(state, bucket, upload, parts);
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

function chosenParts(upload: MultipartUpload, isAll: boolean, xml: string): readonly StoredPart[] {
  if (isAll && xml !== '') throw completeAllWithBody();
  const chosen = isAll ? partsOf(upload) : namedParts(upload, xml);
  if (chosen.length === 0) throw malformedXml();
  return chosen;
}

function namedParts(upload: MultipartUpload, xml: string): readonly StoredPart[] {
  const named = childrenNamed(readXml(xml, 'CompleteMultipartUpload'), 'Part').map((part) => {
    const partNumber = textOf(part, 'PartNumber') ?? '';
    const etag = textOf(part, 'ETag');
    if (!/^\d{1,5}$/.test(partNumber) || etag === undefined) throw malformedXml();
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
  upload: MultipartUpload,
  parts: readonly StoredPart[],
): ReturnType<typeof keepObject> {
  bucket.uploads.delete(upload.uploadId);
  const object = await keepObject(state, bucket, {
    key: upload.key,
    type: 'Multipart',
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag: `${multipartDigest(parts)}-${parts.length}`,
    crc64: combineCrc64(parts.map(({ trueCrc64, size }) => ({ crc64: trueCrc64, size }))),
    contentMd5: undefined,
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

/** How OSS makes the ETag of a multipart object is not documented; this one is stable, and depends on every part. */
function multipartDigest(parts: readonly StoredPart[]): string {
  const etags = Buffer.from(parts.map((part) => part.etag).join(''), 'hex');
  return createHash('md5').update(etags).digest('hex').toUpperCase();
}
