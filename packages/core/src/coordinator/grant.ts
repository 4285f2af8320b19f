import type { ObjectStore } from '../object-store-port.ts';
import { callHook } from './call-hook.ts';
import { grantedUpload } from './hooks.ts';
import type { Caller } from './policy/access.ts';
import type { ResolvedCoordinatorOptions } from './resolved-options.ts';
import { tokenRefusedError, type UploadGrant } from './upload-token.ts';

/** What a token stands for, and the bucket it is about. */
export interface OpenedGrant {
  readonly grant: UploadGrant;
  readonly store: ObjectStore;
}

/**
 * Opens a token. Whatever is wrong with it (forged, foreign, expired, revoked, of another bucket, somebody
 * else's), it is refused in the same words.
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

/** The same for abort, however late: what an expired or revoked token has left must not be billed. */
export async function openExpiredGrant<Context>(
  { tokens, stores }: ResolvedCoordinatorOptions<Context>,
  caller: Caller<Context> | undefined,
  uploadToken: string,
): Promise<OpenedGrant> {
  return ownGrant(stores, caller, await tokens.open(uploadToken, NEVER_EXPIRED));
}

/** Before every expiry. */
const NEVER_EXPIRED = 0;

/** Also where keys are shared, a token is of no use to another bucket or another principal. */
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
