import { invalidArgument } from '../errors.ts';
import { headerOf } from '../http/wire-text.ts';
import type { OssRequest } from '../types.ts';

/** In bits per second, in a header or in the query, not in both. */
export function assertTrafficLimit(request: OssRequest, parameters: ReadonlyMap<string, string>): void {
  const name = 'x-oss-traffic-limit';
  const inHeader = headerOf(request, name);
  const inQuery = parameters.get(name);
  const limit = inHeader ?? inQuery;
  if (limit === undefined) return;
  const isOnce = inHeader === undefined || inQuery === undefined;
  if (isOnce && /^\d+$/.test(limit) && Number(limit) >= 245_760 && Number(limit) <= 838_860_800) return;
  throw invalidArgument('The traffic limit must be 245760 to 838860800, and given once.', name, limit);
}

/**
 * What a finished object's ACL shall be. It is checked and not kept: whoever has a key here may do
 * everything.
 */
export function assertAcl(request: OssRequest): void {
  const acl = headerOf(request, 'x-oss-object-acl');
  if (acl === undefined || ACLS.has(acl)) return;
  throw invalidArgument('no such object access control exists', 'x-oss-object-acl', acl);
}

const ACLS = new Set(['default', 'private', 'public-read', 'public-read-write']);
