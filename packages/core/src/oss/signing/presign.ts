import { UploadError } from '../../errors.ts';
import type { PresignedRequest, PresignedUploadPart } from '../../object-store-port.ts';
import { type Instant, millisecondsOf } from '../instant.ts';
import { assertKey, assertUpload } from '../key.ts';
import { PART_SIZE_MAX, PARTS_MAX, PRESIGN_SECONDS_DEFAULT, PRESIGN_SECONDS_MAX } from '../limits.ts';
import type { OssCredentials } from './credentials.ts';
import { prepareRequest, type SignRequest } from './sign-request.ts';
import { ALGORITHM, canonicalQuery, canonicalQueryAround, createSigner, type Query } from './signature-v4.ts';

export interface PresignRequest extends SignRequest {
  /** Whole seconds, 1 to 604800. Default: 900. */
  readonly expiresInSeconds?: number | undefined;
  /** 1 to 604800 s after `now`. Wins over `expiresInSeconds`. */
  readonly expiresAt?: Instant | undefined;
}

/**
 * Signs a URL that anyone may use until it expires. `headers` of the result are exactly what the sender must
 * send: headers that are not signed are left out. The life is cut to that of the credentials, where it is
 * known.
 *
 * @throws TypeError or RangeError that names the option; UploadError `credentials_expired`.
 *
 * @example
 * ```ts
 * import { presign } from '@partway/core/oss';
 *
 * const { method, url, headers } = presign({
 *   method: 'PUT',
 *   region: 'cn-hangzhou',
 *   bucket: 'media',
 *   key: 'notes/1.txt',
 *   credentials: {
 *     accessKeyId: process.env.OSS_ACCESS_KEY_ID ?? '',
 *     accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET ?? '',
 *   },
 *   headers: { 'Content-Type': 'text/plain' },
 *   expiresInSeconds: 900,
 * });
 * await fetch(url, { method, headers, body: 'hello' });
 * ```
 */
export function presign(request: PresignRequest): PresignedRequest {
  assertKey(request.key);
  const { query, urlOf, method, headers, expiresAt } = createPresigner(request);
  return { method, url: urlOf(canonicalQuery(query)), headers, expiresAt };
}

export interface PresignUploadPartsRequest extends Omit<PresignRequest, 'method'> {
  readonly uploadId: string;
  /** Each from 1 to 10000. */
  readonly partNumbers: readonly number[];
  /** The Content-Length of each, in bytes, which is signed then: OSS takes no other. Default: any. */
  readonly contentLengths?: readonly number[] | undefined;
}

/**
 * Signs the UploadPart of each part number, in their order, all at the same instant: what `presign` would
 * give for each, many times as fast. `query` and `headers` are those of every part.
 *
 * @throws TypeError or RangeError that names the option; UploadError `credentials_expired`.
 */
export function presignParts(request: PresignUploadPartsRequest): readonly PresignedUploadPart[] {
  const { key, uploadId, partNumbers, contentLengths } = request;
  assertUpload(key, uploadId);
  if (contentLengths !== undefined) assertLengths(contentLengths, partNumbers.length);
  const presignerOf = new Map<number | undefined, PartPresigner>();
  return partNumbers.map((partNumber, index) => {
    assertPartNumber(partNumber);
    const length = contentLengths?.[index];
    const presigner = presignerOf.get(length) ?? createPartPresigner(request, length);
    presignerOf.set(length, presigner);
    return presigner(partNumber);
  });
}

type PartPresigner = (partNumber: number) => PresignedUploadPart;

/** For all parts of one length: nearly all of them. */
function createPartPresigner(request: PresignUploadPartsRequest, length: number | undefined): PartPresigner {
  const { uploadId, additionalHeaders = [] } = request;
  const ofLength = length !== undefined && {
    headers: { ...request.headers, [CONTENT_LENGTH]: String(length) },
    additionalHeaders: [...additionalHeaders, CONTENT_LENGTH],
  };
  const upload = { ...request.query, uploadId };
  const presigner = createPresigner({ ...request, ...ofLength, method: 'PUT', query: upload });
  const { query, urlOf, method, headers, expiresAt } = presigner;
  const { before, after } = canonicalQueryAround('partNumber', query);
  return (partNumber) => {
    const url = urlOf(`${before}partNumber=${partNumber}${after}`);
    return { partNumber, method, url, headers, expiresAt };
  };
}

const CONTENT_LENGTH = 'content-length';

interface Presigner extends Omit<PresignedRequest, 'url'> {
  /** What a query must have: that of the request, and that of the signature. */
  readonly query: Query;
  /** The signed URL with this query, which is in canonical form. */
  urlOf(query: string): string;
}

/** Whatever URLs that differ in their query alone have in common is checked and written here, once. */
function createPresigner(request: PresignRequest): Presigner {
  const { pieces, terms, url, credentials } = prepareRequest(request);
  // The signature knows whole seconds only.
  const signedAt = Math.floor(terms.signedAt / 1000) * 1000;
  const seconds = lifeSeconds(request, credentials, signedAt);
  const { method, uri, headers } = pieces;
  const { date, scope, sign } = createSigner(terms);
  return {
    method,
    headers: headers.values,
    expiresAt: signedAt + seconds * 1000,
    query: {
      'x-oss-signature-version': ALGORITHM,
      'x-oss-date': date,
      'x-oss-expires': seconds,
      'x-oss-credential': `${credentials.accessKeyId}/${scope}`,
      ...(headers.additional !== '' && { 'x-oss-additional-headers': headers.additional }),
      ...(credentials.securityToken !== undefined && { 'x-oss-security-token': credentials.securityToken }),
      ...request.query,
    },
    urlOf(query) {
      const { signature } = sign({ method, uri, query, headers });
      return `${url}?${query}&x-oss-signature=${signature}`;
    },
  };
}

function lifeSeconds(request: PresignRequest, credentials: OssCredentials, signedAt: number): number {
  const { expiresAt, expiresInSeconds = PRESIGN_SECONDS_DEFAULT } = request;
  const seconds = expiresAt === undefined ? expiresInSeconds : secondsUntil(expiresAt, signedAt);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > PRESIGN_SECONDS_MAX) {
    throw new RangeError(
      expiresAt === undefined
        ? `expiresInSeconds must be a whole number from 1 to ${PRESIGN_SECONDS_MAX}, got ${seconds}`
        : `expiresAt must lie 1 to ${PRESIGN_SECONDS_MAX} seconds after now, got ${seconds}`,
    );
  }
  if (credentials.expiresAt === undefined) return seconds;
  const left = secondsUntil(credentials.expiresAt, signedAt);
  if (left >= 1) return Math.min(seconds, left);
  throw new UploadError({
    code: 'credentials_expired',
    message: 'the credentials to sign with have expired',
    disposition: 'transient',
    hint: 'Give `credentials` as a function, which is asked again before they expire.',
  });
}

function assertLengths(contentLengths: readonly number[], count: number): void {
  if (contentLengths.length !== count) {
    throw new RangeError(
      `contentLengths must be one for each of ${count} parts, got ${contentLengths.length}`,
    );
  }
  for (const length of contentLengths) {
    if (Number.isInteger(length) && length >= 0 && length <= PART_SIZE_MAX) continue;
    throw new RangeError(`contentLengths must be whole numbers from 0 to ${PART_SIZE_MAX}, got ${length}`);
  }
}

function assertPartNumber(partNumber: number): void {
  if (Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= PARTS_MAX) return;
  throw new RangeError(`partNumbers must be whole numbers from 1 to ${PARTS_MAX}, got ${partNumber}`);
}

function secondsUntil(at: Instant, from: number): number {
  return Math.floor((millisecondsOf(at) - from) / 1000);
}
