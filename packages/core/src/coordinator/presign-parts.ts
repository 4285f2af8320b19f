import { callbackQuery } from '../callback.ts';
import { UploadError } from '../errors.ts';
import { addNonce } from '../nonce.ts';
import type { ObjectStore, PresignedUploadPart } from '../object-store-port.ts';
import { PARTS_MAX } from '../oss/limits.ts';
import { aclHeader, objectHeaders } from '../oss/object-headers.ts';
import { countParts, partAt, streamPartAt } from '../parts/part-plan.ts';
import type { UploadGrant } from './upload-token.ts';

/** The parts to presign, and how. */
export interface PartsToPresign {
  readonly partNumbers: readonly number[];
  /** For a stream: bytes of each part, where shorter than planned. */
  readonly sizes: readonly number[] | undefined;
  readonly signContentLength: boolean;
  readonly expiresInSeconds: number;
  readonly afterRefusal: boolean;
  readonly signal: AbortSignal;
}

/** Presigns parts of the grant's plan, or its single PutObject. Rejects with `refused` for any other part. */
export async function presignParts(
  store: ObjectStore,
  grant: UploadGrant,
  { partNumbers, sizes, signContentLength, ...life }: PartsToPresign,
): Promise<readonly PresignedUploadPart[]> {
  const { key, uploadId } = grant;
  const planned = partNumbers
    .map((partNumber, index) => ({ partNumber, size: plannedSize(grant, partNumber, sizes?.[index]) }))
    .filter(({ size }) => size !== BEYOND);
  if (uploadId === undefined) return presignPut(store, grant, partNumbers, { signContentLength, ...life });
  return store.presignParts({
    key,
    uploadId,
    partNumbers: planned.map(({ partNumber }) => partNumber),
    contentLengths: signContentLength ? planned.map(({ size }) => size) : undefined,
    ...life,
  });
}

/** The size of a stream's part that starts beyond its limit. */
const BEYOND = -1;

async function presignPut(
  store: ObjectStore,
  { key, size, object, nonce, callback }: UploadGrant,
  partNumbers: readonly number[],
  { signContentLength, ...life }: Omit<PartsToPresign, 'partNumbers' | 'sizes'>,
): Promise<readonly PresignedUploadPart[]> {
  const headers = {
    ...(signContentLength && { 'content-length': String(size) }),
    ...aclHeader(object.acl),
    ...objectHeaders(addNonce(object, nonce)),
  };
  // All headers are signed, so that none can be omitted or changed.
  const additionalHeaders = Object.keys(headers);
  const query = callbackQuery(callback);
  const presigned = await store.presign({ method: 'PUT', key, query, headers, additionalHeaders, ...life });
  return partNumbers.map((partNumber) => ({ partNumber, ...presigned }));
}

/** Rejects parts outside of the plan. `claimed` only applies to a stream, and only makes a part shorter. */
function plannedSize(grant: UploadGrant, partNumber: number, claimed: number | undefined): number {
  const { size, partSize, sizeMax } = grant;
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > partsMax(grant)) {
    throw outOfPlanError(grant, partNumber, `it has ${partsMax(grant)} parts`);
  }
  if (size !== undefined) return partAt(size, partSize, partNumber).size;
  const planned = streamPartAt(partSize, partNumber);
  const length = claimed ?? planned.size;
  if (!Number.isInteger(length) || length < 0 || length > planned.size) {
    throw outOfPlanError(grant, partNumber, `it has at most ${planned.size} bytes`);
  }
  const left = (sizeMax ?? Number.POSITIVE_INFINITY) - planned.offset;
  if (claimed !== undefined && claimed > left) {
    throw outOfPlanError(grant, partNumber, `the object may have at most ${sizeMax} bytes`);
  }
  return left > 0 || claimed !== undefined ? Math.min(length, left) : BEYOND;
}

function partsMax({ size, partSize }: UploadGrant): number {
  return size === undefined ? PARTS_MAX : countParts(size, partSize);
}

function outOfPlanError(grant: UploadGrant, partNumber: number, plan: string): UploadError {
  return new UploadError({
    code: 'refused',
    message: `part ${partNumber} is not in the plan: ${plan}`,
    disposition: 'permanent',
    context: { operation: 'presignParts', bucket: grant.bucket, key: grant.key, partNumber },
  });
}
