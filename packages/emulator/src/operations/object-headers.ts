import { invalidArgument, invalidEncryption } from '../errors.ts';
import { headerOf } from '../http/wire-text.ts';
import type { OssRequest } from '../types.ts';

const KEPT = new Set([
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

/** What an object is given by the request that makes it, names in lower case. */
export function objectHeadersOf(request: OssRequest): Record<string, string> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => KEPT.has(name) || name.startsWith('x-oss-meta-')),
  );
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-oss-meta-'));
  if (Buffer.byteLength(metadata.flat().join('')) > 8192) {
    throw invalidArgument('The metadata size exceeds the limit of 8 KB.', 'x-oss-meta-', '');
  }
  const storageClass = headerOf(request, 'x-oss-storage-class');
  if (storageClass !== undefined && !STORAGE_CLASSES.has(storageClass)) {
    throw invalidArgument('no such storage class.', 'x-oss-storage-class', storageClass);
  }
  const encryption = headerOf(request, 'x-oss-server-side-encryption');
  if (encryption !== undefined && !['AES256', 'KMS', 'SM4'].includes(encryption)) throw invalidEncryption();
  const dataEncryption = headerOf(request, 'x-oss-server-side-data-encryption');
  if (dataEncryption !== undefined && dataEncryption !== 'SM4') throw invalidEncryption();
  return headers;
}

/** Canonical spelling of what OSS answers with; x-oss-* stay in lower case. */
const SPELLING: Readonly<Record<string, string>> = {
  'cache-control': 'Cache-Control',
  'content-disposition': 'Content-Disposition',
  'content-encoding': 'Content-Encoding',
  'content-language': 'Content-Language',
  'content-type': 'Content-Type',
  expires: 'Expires',
};

/** How an object shows its headers on GET and HEAD. */
export function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'x-oss-tagging': tagging, ...shown } = headers;
  return {
    'Content-Type': 'application/octet-stream',
    'x-oss-storage-class': 'Standard',
    ...Object.fromEntries(Object.entries(shown).map(([name, value]) => [SPELLING[name] ?? name, value])),
    ...(tagging === undefined ? {} : { 'x-oss-tagging-count': String(tagging.split('&').length) }),
  };
}
