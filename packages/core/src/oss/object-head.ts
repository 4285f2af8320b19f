import { type ErrorContext, UploadError } from '../errors.ts';
import type { ObjectHead } from '../object-store-port.ts';
import { parseInstant } from './instant.ts';
import { parseCrc64, unexpectedResponseError, unquote } from './xml.ts';

/** Reads the headers of an object. */
export function readHead(
  headers: Readonly<Record<string, string | undefined>>,
  context: ErrorContext,
): ObjectHead {
  const size = headers['content-length'];
  const lastModifiedAt = parseInstant(headers['last-modified']);
  if (size === undefined || !/^\d{1,15}$/.test(size) || lastModifiedAt === undefined) {
    throw unexpectedResponseError('has no Content-Length or no Last-Modified', context);
  }
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(METADATA_PREFIX) && value !== undefined
      ? [[name.slice(METADATA_PREFIX.length), value] as const]
      : [],
  );
  return {
    size: Number(size),
    etag: unquote(headers.etag ?? ''),
    crc64: parseCrc64(headers['x-oss-hash-crc64ecma']),
    contentType: headers['content-type'],
    metadata: Object.fromEntries(metadata),
    versionId: headers['x-oss-version-id'],
    lastModifiedAt,
    requestId: headers['x-oss-request-id'] ?? '',
  };
}

/** Whether the object or the version does not exist, in an existing bucket. */
export function isObjectAbsent(reason: unknown): boolean {
  return (
    reason instanceof UploadError &&
    reason.code === 'object_not_found' &&
    reason.context.ossCode !== 'NoSuchBucket'
  );
}

/** An empty versionId would mean the current version. */
export function versionQuery(versionId: string | undefined): Record<string, string> {
  if (versionId === '') throw new TypeError('versionId must not be empty');
  return versionId === undefined ? {} : { versionId };
}

const METADATA_PREFIX = 'x-oss-meta-';
