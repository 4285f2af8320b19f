import type { ObjectStore } from '../object-store-port.ts';
import { callHook, toGrantedUpload } from './hooks.ts';
import type { Caller } from './policy/access.ts';
import type { ResolvedCoordinatorOptions } from './resolved-options.ts';
import { tokenRefusedError, type UploadGrant } from './upload-token.ts';

/** The content of an upload token, and the store of its bucket. */
export interface OpenedGrant {
  readonly grant: UploadGrant;
  readonly store: ObjectStore;
}

/**
 * Opens an upload token. A token that is forged, expired or revoked, or belongs to another bucket or another
 * principal, is rejected with the same message in each case.
 */
export async function openGrant<Context>(
  { tokens, stores, clock, isRevoked }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  uploadToken: string,
): Promise<OpenedGrant> {
  const opened = checkOwner(stores, caller, await tokens.open(uploadToken, clock.now()));
  const upload = toGrantedUpload(opened.grant);
  if (await callHook('isRevoked', () => isRevoked(upload))) throw tokenRefusedError();
  return opened;
}

/** Abort accepts expired and revoked tokens: the parts that they left would be billed otherwise. */
export async function openExpiredGrant<Context>(
  { tokens, stores }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  uploadToken: string,
): Promise<OpenedGrant> {
  return checkOwner(stores, caller, await tokens.open(uploadToken, BEFORE_ANY_EXPIRY));
}

const BEFORE_ANY_EXPIRY = 0;

/** Coordinators may share token keys: a token must still not work for another bucket or principal. */
function checkOwner<Context>(
  stores: ReadonlyMap<string, ObjectStore>,
  caller: Caller<Context> | undefined,
  grant: UploadGrant,
): OpenedGrant {
  const store = stores.get(grant.bucket);
  const isOwn = caller === undefined || caller.principal === grant.principal;
  if (store === undefined || !isOwn) throw tokenRefusedError();
  return { grant, store };
}
