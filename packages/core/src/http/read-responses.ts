import { isFileSize, isPartNumber, isPartSize } from '../parts/part-plan.ts';
import type { InitiatedUpload, ListedPart, PresignedPart, UploadedObject } from '../ports.ts';

/** Reads what a coordinator answered; `undefined` for anything else, since it came from a network. */
export type ReadAnswer<T> = (answer: object) => T | undefined;

export const readNothing: ReadAnswer<object> = (answer) => answer;

export const readInitiated: ReadAnswer<InitiatedUpload> = (answer) => {
  const { uploadToken, kind, bucket, key, uploadId, partSize, presigned = [] } = fieldsOf(answer, 'upload');
  const isWhole =
    [uploadToken, bucket, key].every(isText) &&
    (kind === 'single' || (kind === 'multipart' && isText(uploadId))) &&
    isPartSize(partSize) &&
    isListOf(presigned, isPresigned);
  if (!isWhole) return undefined;
  const parts = (presigned as readonly PresignedPart[]).map(inLowerCase);
  const named = kind === 'single' ? undefined : uploadId;
  return { uploadToken, kind, bucket, key, uploadId: named, partSize, presigned: parts } as InitiatedUpload;
};

export const readPresigned: ReadAnswer<readonly PresignedPart[]> = (answer) =>
  listOf<PresignedPart>(answer, isPresigned)?.map(inLowerCase);

export const readListed: ReadAnswer<readonly ListedPart[]> = (answer) => listOf(answer, isListed);

export const readObject: ReadAnswer<UploadedObject> = (answer) => {
  const object = fieldsOf(answer, 'object');
  const { bucket, key, size, crc64, etag, requestId, versionId, recovered, callback } = object;
  const isWhole =
    [bucket, key, etag].every(isText) &&
    isFileSize(size) &&
    isCrc64(crc64) &&
    typeof requestId === 'string' &&
    (versionId === undefined || isText(versionId)) &&
    (recovered === undefined || typeof recovered === 'boolean') &&
    (callback === undefined || (isRecord(callback) && typeof callback.body === 'string'));
  return isWhole ? (object as unknown as UploadedObject) : undefined;
};

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(answer: object, name: string): Fields {
  const value: unknown = name in answer ? (answer as Fields)[name] : undefined;
  return isRecord(value) ? value : {};
}

function listOf<T>(answer: object, isItem: (item: Fields) => boolean): readonly T[] | undefined {
  const parts = 'parts' in answer ? answer.parts : undefined;
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

/** What a transport can send, and OSS has signed: nothing of another connection's. */
function isHeader([name, value]: readonly [string, unknown]): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value);
}

/** As the engine and every transport look for them. */
function inLowerCase({ partNumber, url, headers, expiresInMs }: PresignedPart): PresignedPart {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { partNumber, url, headers: Object.fromEntries(named), expiresInMs };
}

function isListed({ partNumber, size, etag, crc64, uploadedAt }: Fields): boolean {
  const isWhole = isPartNumber(partNumber) && isFileSize(size) && typeof etag === 'string';
  const isDated = uploadedAt === undefined || Number.isFinite(uploadedAt);
  return isWhole && isDated && (crc64 === undefined || isCrc64(crc64));
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
