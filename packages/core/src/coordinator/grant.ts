import type { ObjectStore } from '../object-store-port.ts';
import { callHook, grantedUpload } from './hooks.ts';
import type { Caller } from './policy/access.ts';
import type { ResolvedCoordinatorOptions } from './resolved-options.ts';
import { tokenRefusedError, type UploadGrant } from './upload-token.ts';

/** The grant of a token, and the store of its bucket. */
export interface OpenedGrant {
  readonly grant: UploadGrant;
  readonly store: ObjectStore;
}

/**
 * Opens a token. Every invalid one (forged, expired, revoked, of another bucket or principal) is rejected
 * with the same `token_refused`.
 */
export async function openGrant<Context>(
  { tokens, stores, clock, isRevoked }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  uploadToken: string,
): Promise<OpenedGrant> {
  const opened = ownGrant(stores, caller, await tokens.open(uploadToken, clock.now()));
  const upload = grantedUpload(opened.grant);
  if (await callHook('isRevoked', () => isRevoked(upload))) throw tokenRefusedError();
  return opened;
}

/** Opens expired and revoked tokens too, for abort: their leftovers must not be billed. */
export async function openExpiredGrant<Context>(
  { tokens, stores }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  uploadToken: string,
): Promise<OpenedGrant> {
  return ownGrant(stores, caller, await tokens.open(uploadToken, NEVER_EXPIRED));
}

/** An instant before every expiry. */
const NEVER_EXPIRED = 0;

/** A token is invalid for another bucket or principal, also where token keys are shared. */
function ownGrant<Context>(
  stores: ReadonlyMap<string, ObjectStore>,
  caller: Caller<Context> | undefined,
  grant: UploadGrant,
): OpenedGrant {
  const store = stores.get(grant.bucket);
  const isOwn = caller === undefined || caller.principal === grant.principal;
  if (store === undefined || !isOwn) throw tokenRefusedError();
  return { grant, store };
}
