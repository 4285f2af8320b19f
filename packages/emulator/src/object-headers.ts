import { invalidArgument, ossError } from './errors.ts';
import type { ObjectHeaders, ObjectVersion } from './state.ts';
import type { OssRequest } from './types.ts';
import { headerOf } from './wire-text.ts';

/** The headers of an Initiate, Put or Copy that belong to the object, checked. */
export function readObjectHeaders(request: OssRequest): ObjectHeaders {
  const kept = Object.entries(request.headers).filter(
    ([name]) => KEPT_HEADERS.has(name) || name.startsWith(META_PREFIX),
  );
  const meta = kept.filter(([name]) => name.startsWith(META_PREFIX));
  if (bytesOf(meta) > META_BYTES_MAX) {
    const message = `User metadata may have ${META_BYTES_MAX} bytes in all.`;
    throw invalidArgument('x-oss-meta-*', String(bytesOf(meta)), { message });
  }
  const headers = Object.fromEntries(kept);
  checkEncryption(headers);
  checkOneOf(headers, 'x-oss-storage-class', STORAGE_CLASSES);
  return headers;
}

const META_PREFIX = 'x-oss-meta-';
const META_BYTES_MAX = 8192;

const SENT_BACK: Readonly<Record<string, string>> = {
  'content-type': 'Content-Type',
  'cache-control': 'Cache-Control',
  'content-disposition': 'Content-Disposition',
  'content-encoding': 'Content-Encoding',
  'content-language': 'Content-Language',
  expires: 'Expires',
  'x-oss-server-side-encryption': 'x-oss-server-side-encryption',
  'x-oss-server-side-data-encryption': 'x-oss-server-side-data-encryption',
  'x-oss-server-side-encryption-key-id': 'x-oss-server-side-encryption-key-id',
};

const KEPT_HEADERS: ReadonlySet<string> = new Set([
  ...Object.keys(SENT_BACK),
  'x-oss-storage-class',
  'x-oss-tagging',
]);

const STORAGE_CLASSES = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'];

function bytesOf(headers: readonly (readonly [string, string])[]): number {
  return headers.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
}

function checkEncryption(headers: ObjectHeaders): void {
  const allowed = {
    'x-oss-server-side-encryption': ['AES256', 'KMS', 'SM4'],
    'x-oss-server-side-data-encryption': ['AES256', 'SM4'],
  };
  for (const [name, algorithms] of Object.entries(allowed)) {
    const algorithm = headers[name];
    if (algorithm !== undefined && !algorithms.includes(algorithm)) {
      throw ossError('InvalidEncryptionAlgorithmError');
    }
  }
}

function checkOneOf(headers: ObjectHeaders, name: string, values: readonly string[]): void {
  const value = headers[name];
  if (value !== undefined && !values.includes(value)) throw invalidArgument(name, value);
}

export function storageClassOf(headers: ObjectHeaders): string {
  return headers['x-oss-storage-class'] ?? 'Standard';
}

/** Encryption is said in the responses of Initiate, UploadPart and Complete too. */
export function encryptionHeaders(headers: ObjectHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.includes('-encryption')));
}

/** `x-oss-object-acl`; `default` is the bucket's. */
export function readAcl(request: OssRequest): string {
  const acl = headerOf(request, 'x-oss-object-acl') ?? 'default';
  checkOneOf({ 'x-oss-object-acl': acl }, 'x-oss-object-acl', [
    'default',
    'private',
    'public-read',
    'public-read-write',
  ]);
  return acl;
}

export function isOverwriteForbidden(request: OssRequest): boolean {
  const value = headerOf(request, 'x-oss-forbid-overwrite') ?? 'false';
  checkOneOf({ 'x-oss-forbid-overwrite': value }, 'x-oss-forbid-overwrite', ['true', 'false']);
  return value === 'true';
}

/** What GET and HEAD say about an object beside its length. */
export function describeObject(object: ObjectVersion): Record<string, string> {
  const kept = Object.entries(object.headers)
    .map(([name, value]) => [name.startsWith(META_PREFIX) ? name : SENT_BACK[name], value] as const)
    .filter(([name]) => name !== undefined);
  const tags = object.headers['x-oss-tagging'];
  return {
    'Content-Type': 'application/octet-stream',
    ...Object.fromEntries(kept),
    ...(object.contentMd5 === undefined ? {} : { 'Content-MD5': object.contentMd5 }),
    ...(tags === undefined ? {} : { 'x-oss-tagging-count': String(tags.split('&').length) }),
    ETag: `"${object.etag}"`,
    'Last-Modified': new Date(object.modifiedAt).toUTCString(),
    'Accept-Ranges': 'bytes',
    'x-oss-object-type': object.type,
    'x-oss-storage-class': storageClassOf(object.headers),
    'x-oss-hash-crc64ecma': object.crc64,
  };
}
