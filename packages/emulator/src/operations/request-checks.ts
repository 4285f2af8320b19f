import { invalidArgumentError } from '../errors.ts';
import { getHeader } from '../http/wire-text.ts';
import type { OssRequest } from '../types.ts';

/** The traffic limit is in bits per second, in a header or in the query, not in both. */
export function assertTrafficLimit(request: OssRequest, parameters: ReadonlyMap<string, string>): void {
  const name = 'x-oss-traffic-limit';
  const inHeader = getHeader(request, name);
  const inQuery = parameters.get(name);
  const limit = inHeader ?? inQuery;
  if (limit === undefined) return;
  const isGivenOnce = inHeader === undefined || inQuery === undefined;
  if (isGivenOnce && /^\d+$/.test(limit) && Number(limit) >= 245_760 && Number(limit) <= 838_860_800) return;
  throw invalidArgumentError('The traffic limit must be 245760 to 838860800, and given once.', name, limit);
}

/** Checks the ACL of the object to be. It is not stored, because every access key may do everything here. */
export function assertAcl(request: OssRequest): void {
  const acl = getHeader(request, 'x-oss-object-acl');
  if (acl === undefined || ACLS.has(acl)) return;
  throw invalidArgumentError('no such object access control exists', 'x-oss-object-acl', acl);
}

const ACLS = new Set(['default', 'private', 'public-read', 'public-read-write']);
