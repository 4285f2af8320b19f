import { credentialsExpiredError } from '../../errors.ts';
import type { PresignedRequest, PresignedUploadPart } from '../../object-store-port.ts';
import { type Instant, toMilliseconds } from '../instant.ts';
import { assertKey, assertUpload } from '../key.ts';
import { PART_SIZE_MAX, PARTS_MAX, PRESIGN_SECONDS_DEFAULT, PRESIGN_SECONDS_MAX } from '../limits.ts';
import type { OssCredentials } from './credentials.ts';
import { prepareRequest, type SignRequest } from './sign-request.ts';
import { ALGORITHM, canonicalQuery, canonicalQueryAround, createSigner, type Query } from './signature-v4.ts';

/** A request to presign. */
export interface PresignRequest extends SignRequest {
  /** Whole seconds, 1 to 604800. Default: 900. */
  readonly expiresInSeconds?: number | undefined;
  /** 1 to 604800 s after `now`. Takes precedence over `expiresInSeconds`. Default: not set. */
  readonly expiresAt?: Instant | undefined;
}

/**
 * Signs a URL that anyone can use until it expires. `headers` of the result are exactly those that the sender
 * must send: headers that are not signed are omitted. The URL expires at the latest when the credentials do,
 * if that is known.
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
  const { query, signQuery, method, headers, expiresAt } = createPresigner(request);
  return { method, url: signQuery(canonicalQuery(query)), headers, expiresAt };
}

/** The parts of one upload to presign. */
export interface PresignUploadPartsRequest extends Omit<PresignRequest, 'method'> {
  /** OSS's upload ID. */
  readonly uploadId: string;
  /** Each from 1 to 10000. */
  readonly partNumbers: readonly number[];
  /** The signed Content-Length of each in bytes: OSS rejects any other. Default: any length. */
  readonly contentLengths?: readonly number[] | undefined;
}

/**
 * Signs the UploadPart of each part number, in that order, all at one instant. Equals `presign` for each
 * part, and is many times faster. `query` and `headers` apply to every part.
 *
 * @throws TypeError or RangeError that names the option; UploadError `credentials_expired`.
 */
export function presignParts(request: PresignUploadPartsRequest): readonly PresignedUploadPart[] {
  const { key, uploadId, partNumbers, contentLengths } = request;
  assertUpload(key, uploadId);
  if (contentLengths !== undefined) assertLengths(contentLengths, partNumbers.length);
  const presigners = new Map<number | undefined, PartPresigner>();
  return partNumbers.map((partNumber, index) => {
    assertPartNumber(partNumber);
    const length = contentLengths?.[index];
    const presigner = presigners.get(length) ?? createPartPresigner(request, length);
    presigners.set(length, presigner);
    return presigner(partNumber);
  });
}

type PartPresigner = (partNumber: number) => PresignedUploadPart;

/** Presigns all parts of one length: usually all but the last. */
function createPartPresigner(request: PresignUploadPartsRequest, length: number | undefined): PartPresigner {
  const { uploadId, additionalHeaders = [] } = request;
  const lengthOptions = length !== undefined && {
    headers: { ...request.headers, [CONTENT_LENGTH]: String(length) },
    additionalHeaders: [...additionalHeaders, CONTENT_LENGTH],
  };
  const upload = { ...request.query, uploadId };
  const presigner = createPresigner({ ...request, ...lengthOptions, method: 'PUT', query: upload });
  const { query, signQuery, method, headers, expiresAt } = presigner;
  const { before, after } = canonicalQueryAround('partNumber', query);
  return (partNumber) => {
    const url = signQuery(`${before}partNumber=${partNumber}${after}`);
    return { partNumber, method, url, headers, expiresAt };
  };
}

const CONTENT_LENGTH = 'content-length';

interface Presigner extends Omit<PresignedRequest, 'url'> {
  /** The parameters of the request and of the signature. */
  readonly query: Query;
  /** Returns the signed URL with this query, which is in canonical form. */
  signQuery(query: string): string;
}

/** Validates and computes once everything that URLs with different queries share. */
function createPresigner(request: PresignRequest): Presigner {
  const { fields, signing, url, credentials } = prepareRequest(request);
  // The signature has whole seconds.
  const signedAt = Math.floor(signing.signedAt / 1000) * 1000;
  const seconds = getLifetimeSeconds(request, credentials, signedAt);
  const { method, uri, headers } = fields;
  const { date, scope, sign } = createSigner(signing);
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
    signQuery(query) {
      const { signature } = sign({ method, uri, query, headers });
      return `${url}?${query}&x-oss-signature=${signature}`;
    },
  };
}

function getLifetimeSeconds(request: PresignRequest, credentials: OssCredentials, signedAt: number): number {
  const { expiresAt, expiresInSeconds = PRESIGN_SECONDS_DEFAULT } = request;
  const seconds = expiresAt === undefined ? expiresInSeconds : secondsUntil(expiresAt, signedAt);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > PRESIGN_SECONDS_MAX) {
    throw new RangeError(
      expiresAt === undefined
        ? `expiresInSeconds must be a whole number from 1 to ${PRESIGN_SECONDS_MAX}, got ${seconds}`
        : `expiresAt must be 1 to ${PRESIGN_SECONDS_MAX} seconds after now, got ${seconds}`,
    );
  }
  if (credentials.expiresAt === undefined) return seconds;
  const remaining = secondsUntil(credentials.expiresAt, signedAt);
  if (remaining >= 1) return Math.min(seconds, remaining);
  throw credentialsExpiredError('the credentials to sign with have expired', {
    hint: 'Pass `credentials` as a function: it is called again before they expire.',
  });
}

function assertLengths(contentLengths: readonly number[], count: number): void {
  if (contentLengths.length !== count) {
    throw new RangeError(
      `contentLengths must have one item for each of ${count} parts, got ${contentLengths.length}`,
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
  return Math.floor((toMilliseconds(at) - from) / 1000);
}
