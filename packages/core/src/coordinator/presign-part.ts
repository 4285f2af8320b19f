import { UploadError } from '../errors.ts';
import { markedObject } from '../nonce.ts';
import { PARTS_MAX } from '../oss/limits.ts';
import { aclHeader, objectHeaders } from '../oss/object-headers.ts';
import { countParts } from '../part-plan.ts';
import type { ObjectStore, PresignedRequest } from '../ports.ts';
import type { UploadGrant } from './upload-token.ts';

export interface PartToPresign {
  readonly partNumber: number;
  readonly expiresInSeconds: number;
  readonly afterRefusal: boolean;
  readonly signal: AbortSignal;
}

/** Signs one part of the grant's plan, or its single PutObject, and nothing else. */
export async function presignPart(
  store: ObjectStore,
  grant: UploadGrant,
  { partNumber, ...life }: PartToPresign,
): Promise<PresignedRequest> {
  const { key, uploadId, object, nonce } = grant;
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > partsMax(grant)) {
    throw outOfPlan(grant, partNumber);
  }
  const terms = { method: 'PUT', key, ...life } as const;
  if (uploadId !== undefined) return store.presign({ ...terms, query: { partNumber, uploadId } });
  const headers = { ...objectHeaders(markedObject(object, nonce)), ...aclHeader(object.acl) };
  // All of them are signed, so that none can be left out or changed.
  return store.presign({ ...terms, headers, additionalHeaders: Object.keys(headers) });
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
