import { invalidArgumentError, invalidEncryptionError } from '../errors.ts';
import { getHeader } from '../http/wire-text.ts';
import type { OssRequest } from '../types.ts';

/** Request headers that become headers of the object, besides x-oss-meta-*. */
const STORED_HEADERS = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-oss-server-side-encryption',
  'x-oss-server-side-encryption-key-id',
  'x-oss-server-side-data-encryption',
  'x-oss-storage-class',
  'x-oss-tagging',
]);

const STORAGE_CLASSES = new Set(['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive']);

/** Reads the headers that are stored with an object from the request that creates it, names in lower case. */
export function readObjectHeaders(request: OssRequest): Record<string, string> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) => STORED_HEADERS.has(name) || name.startsWith('x-oss-meta-'),
    ),
  );
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-oss-meta-'));
  if (Buffer.byteLength(metadata.flat().join('')) > 8192) {
    throw invalidArgumentError('The metadata size exceeds the limit of 8 KB.', 'x-oss-meta-', '');
  }
  const storageClass = getHeader(request, 'x-oss-storage-class');
  if (storageClass !== undefined && !STORAGE_CLASSES.has(storageClass)) {
    throw invalidArgumentError('no such storage class.', 'x-oss-storage-class', storageClass);
  }
  const encryption = getHeader(request, 'x-oss-server-side-encryption');
  if (encryption !== undefined && !['AES256', 'KMS', 'SM4'].includes(encryption))
    throw invalidEncryptionError();
  const dataEncryption = getHeader(request, 'x-oss-server-side-data-encryption');
  if (dataEncryption !== undefined && dataEncryption !== 'SM4') throw invalidEncryptionError();
  return headers;
}

/** The spelling of header names in responses. Names with x-oss- stay in lower case. */
const SPELLING: Readonly<Record<string, string>> = {
  'cache-control': 'Cache-Control',
  'content-disposition': 'Content-Disposition',
  'content-encoding': 'Content-Encoding',
  'content-language': 'Content-Language',
  'content-type': 'Content-Type',
  expires: 'Expires',
};

/** Formats the stored headers of an object for the response to GET and HEAD. */
export function formatObjectHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'x-oss-tagging': tagging, ...visible } = headers;
  return {
    'Content-Type': 'application/octet-stream',
    'x-oss-storage-class': 'Standard',
    ...Object.fromEntries(Object.entries(visible).map(([name, value]) => [SPELLING[name] ?? name, value])),
    ...(tagging === undefined ? {} : { 'x-oss-tagging-count': String(tagging.split('&').length) }),
  };
}
