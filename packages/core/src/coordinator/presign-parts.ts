import { callbackQuery } from '../callback.ts';
import { refusedError, type UploadError } from '../errors.ts';
import type { ObjectStore, PresignedUploadPart } from '../object-store-port.ts';
import { PARTS_MAX } from '../oss/limits.ts';
import { aclHeader, addNonce, objectHeaders } from '../oss/object-headers.ts';
import { countParts, partAt, streamPartAt } from '../parts/part-plan.ts';
import type { UploadGrant } from './upload-token.ts';

export interface PartsToPresign {
  readonly partNumbers: readonly number[];
  /** For a stream: the sizes of parts that are shorter than planned. */
  readonly sizes: readonly number[] | undefined;
  readonly signContentLength: boolean;
  readonly expiresInSeconds: number;
  readonly afterRefusal: boolean;
  readonly signal: AbortSignal;
}

/** Presigns parts of the grant's plan, or its single PutObject. Rejects any other part. */
export async function presignGrantedParts(
  store: ObjectStore,
  grant: UploadGrant,
  { partNumbers, sizes, signContentLength, ...signing }: PartsToPresign,
): Promise<readonly PresignedUploadPart[]> {
  const { key, uploadId } = grant;
  const planned = partNumbers
    .map((partNumber, index) => ({ partNumber, size: plannedSize(grant, partNumber, sizes?.[index]) }))
    .filter(({ size }) => size !== BEYOND_SIZE_MAX);
  if (uploadId === undefined) return presignPut(store, grant, partNumbers, { signContentLength, ...signing });
  return store.presignParts({
    key,
    uploadId,
    partNumbers: planned.map(({ partNumber }) => partNumber),
    contentLengths: signContentLength ? planned.map(({ size }) => size) : undefined,
    ...signing,
  });
}

/** The part of a stream starts at or after `sizeMax`. Clients request parts in advance: it gets no URL. */
const BEYOND_SIZE_MAX = -1;

async function presignPut(
  store: ObjectStore,
  { key, size, object, nonce, callback }: UploadGrant,
  partNumbers: readonly number[],
  { signContentLength, ...signing }: Omit<PartsToPresign, 'partNumbers' | 'sizes'>,
): Promise<readonly PresignedUploadPart[]> {
  const headers = {
    ...(signContentLength && { 'content-length': String(size) }),
    ...aclHeader(object.acl),
    ...objectHeaders(addNonce(object, nonce)),
  };
  // Every header is signed, so that a client can neither omit nor change one.
  const additionalHeaders = Object.keys(headers);
  const query = callbackQuery(callback);
  const presigned = await store.presign({
    method: 'PUT',
    key,
    query,
    headers,
    additionalHeaders,
    ...signing,
  });
  return partNumbers.map((partNumber) => ({ partNumber, ...presigned }));
}

/** Rejects a part outside the plan. `claimed` is used for a stream only, and only makes a part shorter. */
function plannedSize(grant: UploadGrant, partNumber: number, claimed: number | undefined): number {
  const { size, partSize, sizeMax } = grant;
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > partsMax(grant)) {
    throw partOutsidePlanError(grant, partNumber, `the upload has ${partsMax(grant)} parts`);
  }
  if (size !== undefined) return partAt(size, partSize, partNumber).size;
  const planned = streamPartAt(partSize, partNumber);
  const length = claimed ?? planned.size;
  if (!Number.isInteger(length) || length < 0 || length > planned.size) {
    throw partOutsidePlanError(grant, partNumber, `it may have 0 to ${planned.size} bytes`);
  }
  const remaining = (sizeMax ?? Number.POSITIVE_INFINITY) - planned.offset;
  if (claimed !== undefined && claimed > remaining) {
    throw partOutsidePlanError(grant, partNumber, `the object may have at most ${sizeMax} bytes`);
  }
  return remaining > 0 || claimed !== undefined ? Math.min(length, remaining) : BEYOND_SIZE_MAX;
}

function partsMax({ size, partSize }: UploadGrant): number {
  return size === undefined ? PARTS_MAX : countParts(size, partSize);
}

function partOutsidePlanError({ bucket, key }: UploadGrant, partNumber: number, bound: string): UploadError {
  return refusedError(`part ${partNumber} is outside the part plan: ${bound}`, {
    context: { operation: 'presignParts', bucket, key, partNumber },
  });
}
