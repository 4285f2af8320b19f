import type { UploadedObject } from '../../ports.ts';
import { callHook } from '../call-hook.ts';
import type { OpenedGrant } from '../grant.ts';
import { grantedUpload } from '../hooks.ts';
import { deleteOwnObject } from '../own-object.ts';
import type { ResolvedCoordinatorOptions } from '../resolved-options.ts';
import { refusedError } from './access.ts';
import { firstBytes } from './first-bytes.ts';

/** Deletes an object that does not begin as it was declared, and rejects with `refused`. */
export async function verifyContent<Context>(
  { verifyContent, fetch }: ResolvedCoordinatorOptions<Context>,
  { store, grant }: OpenedGrant,
  object: UploadedObject,
  signal: AbortSignal,
): Promise<void> {
  if (verifyContent === undefined) return;
  const start = await firstBytes(store, fetch, object, signal);
  const upload = grantedUpload(grant);
  if (await callHook('verifyContent', () => verifyContent(start, upload))) return;
  await deleteOwnObject(store, grant, signal);
  throw refusedError('the file is not what its type says', 'Nothing of it is stored.');
}
