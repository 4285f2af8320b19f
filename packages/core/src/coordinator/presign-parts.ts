import { callbackQuery } from '../callback.ts';
import { UploadError } from '../errors.ts';
import { markedObject } from '../nonce.ts';
import { PARTS_MAX } from '../oss/limits.ts';
import { aclHeader, objectHeaders } from '../oss/object-headers.ts';
import { countParts } from '../part-plan.ts';
import type { ObjectStore, PresignedUploadPart } from '../ports.ts';
import type { UploadGrant } from './upload-token.ts';

export interface PartsToPresign {
  readonly partNumbers: readonly number[];
  readonly expiresInSeconds: number;
  readonly afterRefusal: boolean;
  readonly signal: AbortSignal;
}

/** Signs parts of the grant's plan, or its single PutObject, and nothing else. */
export async function presignParts(
  store: ObjectStore,
  grant: UploadGrant,
  { partNumbers, ...life }: PartsToPresign,
): Promise<readonly PresignedUploadPart[]> {
  const { key, uploadId, object, nonce, callback } = grant;
  for (const partNumber of partNumbers) assertPlanned(grant, partNumber);
  if (uploadId !== undefined) return store.presignParts({ key, uploadId, partNumbers, ...life });
  const headers = { ...objectHeaders(markedObject(object, nonce)), ...aclHeader(object.acl) };
  // All of them are signed, so that none can be left out or changed.
  const additionalHeaders = Object.keys(headers);
  const query = callbackQuery(callback);
  const presigned = await store.presign({ method: 'PUT', key, query, headers, additionalHeaders, ...life });
  return partNumbers.map((partNumber) => ({ partNumber, ...presigned }));
}

function assertPlanned(grant: UploadGrant, partNumber: number): void {
  if (Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= partsMax(grant)) return;
  throw outOfPlan(grant, partNumber);
}

function partsMax({ size, partSize }: UploadGrant): number {
  return size === undefined ? PARTS_MAX : countParts(size, partSize);
}

function outOfPlan(grant: UploadGrant, partNumber: number): UploadError {
  return new UploadError({
    code: 'refused',
    message: `part ${partNumber} is not in the plan of ${partsMax(grant)} parts`,
    disposition: 'permanent',
    context: { operation: 'presignParts', bucket: grant.bucket, key: grant.key, partNumber },
  });
}
