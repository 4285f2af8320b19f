import { type ErrorContext, UploadError } from '../errors.ts';
import type { ObjectHead } from '../object-store-port.ts';
import { parseInstant } from './instant.ts';
import { crc64Of, malformedAnswer, unquoted } from './xml.ts';

/** What the headers of an object say of it. */
export function readHead(
  headers: Readonly<Record<string, string | undefined>>,
  context: ErrorContext,
): ObjectHead {
  const size = headers['content-length'];
  const lastModifiedAt = parseInstant(headers['last-modified']);
  if (size === undefined || !/^\d{1,15}$/.test(size) || lastModifiedAt === undefined) {
    throw malformedAnswer('has no Content-Length or no Last-Modified', context);
  }
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(METADATA_PREFIX) && value !== undefined
      ? [[name.slice(METADATA_PREFIX.length), value] as const]
      : [],
  );
  return {
    size: Number(size),
    etag: unquoted(headers.etag ?? ''),
    crc64: crc64Of(headers['x-oss-hash-crc64ecma']),
    contentType: headers['content-type'],
    metadata: Object.fromEntries(metadata),
    versionId: headers['x-oss-version-id'],
    lastModifiedAt,
    requestId: headers['x-oss-request-id'] ?? '',
  };
}

/** Whether an error says that the object, or the version, does not exist in a bucket that does. */
export function isAbsent(reason: unknown): boolean {
  return (
    reason instanceof UploadError &&
    reason.code === 'object_not_found' &&
    reason.context.ossCode !== 'NoSuchBucket'
  );
}

/** An empty versionId would stand for the current version. */
export function versionQuery(versionId: string | undefined): Record<string, string> {
  if (versionId === '') throw new TypeError('versionId must not be empty');
  return versionId === undefined ? {} : { versionId };
}

const METADATA_PREFIX = 'x-oss-meta-';
