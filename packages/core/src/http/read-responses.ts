import { isFileSize, isPartNumber, isPartSize } from '../parts/part-plan.ts';
import type { InitiatedUpload, ListedPart, PresignedPart, UploadedObject } from '../ports.ts';

/** Validates a response of the coordinator. `undefined` for anything else. */
export type ReadResponse<T> = (body: object) => T | undefined;

export const readNothing: ReadResponse<object> = (body) => body;

export const readInitiated: ReadResponse<InitiatedUpload> = (body) => {
  const { uploadToken, kind, bucket, key, uploadId, partSize, presigned = [] } = getFields(body, 'upload');
  const isValid =
    [uploadToken, bucket, key].every(isText) &&
    (kind === 'single' || (kind === 'multipart' && isText(uploadId))) &&
    isPartSize(partSize) &&
    isListOf(presigned, isPresigned);
  if (!isValid) return undefined;
  const parts = (presigned as readonly PresignedPart[]).map(withLowerCaseHeaders);
  const ownUploadId = kind === 'single' ? undefined : uploadId;
  return {
    uploadToken,
    kind,
    bucket,
    key,
    uploadId: ownUploadId,
    partSize,
    presigned: parts,
  } as InitiatedUpload;
};

export const readPresigned: ReadResponse<readonly PresignedPart[]> = (body) =>
  getParts<PresignedPart>(body, isPresigned)?.map(withLowerCaseHeaders);

export const readListed: ReadResponse<readonly ListedPart[]> = (body) => getParts(body, isListed);

export const readObject: ReadResponse<UploadedObject> = (body) => {
  const object = getFields(body, 'object');
  const { bucket, key, size, crc64, etag, requestId, versionId, recovered, callback } = object;
  const isValid =
    [bucket, key, etag].every(isText) &&
    isFileSize(size) &&
    isCrc64(crc64) &&
    typeof requestId === 'string' &&
    (versionId === undefined || isText(versionId)) &&
    (recovered === undefined || typeof recovered === 'boolean') &&
    (callback === undefined || (isRecord(callback) && typeof callback.body === 'string'));
  return isValid ? (object as unknown as UploadedObject) : undefined;
};

type Fields = Readonly<Record<string, unknown>>;

function getFields(body: object, name: string): Fields {
  const value: unknown = name in body ? (body as Fields)[name] : undefined;
  return isRecord(value) ? value : {};
}

function getParts<T>(body: object, isItem: (item: Fields) => boolean): readonly T[] | undefined {
  const parts = 'parts' in body ? body.parts : undefined;
  return isListOf(parts, isItem) ? (parts as readonly T[]) : undefined;
}

function isListOf(value: unknown, isItem: (item: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isRecord(item) && isItem(item));
}

function isPresigned({ partNumber, url, headers, expiresInMs }: Fields): boolean {
  return (
    isPartNumber(partNumber) &&
    typeof url === 'string' &&
    /^https?:\/\/[!-~]+$/i.test(url) &&
    isRecord(headers) &&
    Object.entries(headers).every(isHeader) &&
    Number.isFinite(expiresInMs)
  );
}

/** A header that a transport can send: without line ends, which could add further headers. */
function isHeader([name, value]: readonly [string, unknown]): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value);
}

/** The engine and the transports expect names in lower case. */
function withLowerCaseHeaders({ partNumber, url, headers, expiresInMs }: PresignedPart): PresignedPart {
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { partNumber, url, headers: Object.fromEntries(lowerCase), expiresInMs };
}

function isListed({ partNumber, size, etag, crc64, uploadedAt }: Fields): boolean {
  const isValid = isPartNumber(partNumber) && isFileSize(size) && typeof etag === 'string';
  const isDated = uploadedAt === undefined || Number.isFinite(uploadedAt);
  return isValid && isDated && (crc64 === undefined || isCrc64(crc64));
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isCrc64(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,20}$/.test(value);
}
