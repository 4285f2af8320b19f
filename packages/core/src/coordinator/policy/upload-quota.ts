import { refusedError, type UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { callHook } from '../hooks.ts';
import { tokenRefusedError, type UploadGrant } from '../upload-token.ts';
import { uploadRefusedError } from './access.ts';
import type { CounterStore } from './counter-store.ts';
import type { ResolvedPolicy } from './policy.ts';

/** Counts uploads and URLs, as far as the policy limits them. */
export interface UploadQuota {
  /** Counts a new upload of the principal. Rejects with `refused` if there are too many unfinished ones. */
  admitUpload(grant: UploadGrant): Promise<void>;
  /**
   * Counts URLs of an upload. Rejects with `token_refused` if the upload is closed, and with `refused` if
   * there are too many URLs.
   */
  countUrls(grant: UploadGrant, count: number): Promise<void>;
  /** The upload has ended: no more URLs are presigned for it, and it counts no longer for the principal. */
  endUpload(grant: UploadGrant): Promise<void>;
}

export function createUploadQuota(
  counterStore: CounterStore,
  policy: ResolvedPolicy,
  clock: Pick<Clock, 'now'>,
): UploadQuota {
  const { uploadsPerPrincipalMax, urlsPerUploadMax } = policy;
  const counters: CounterStore = {
    increment: (...parameters) => callHook('counters', () => counterStore.increment(...parameters)),
    addMember: (...parameters) => callHook('counters', () => counterStore.addMember(...parameters)),
    removeMember: (...parameters) => callHook('counters', () => counterStore.removeMember(...parameters)),
  };
  const isCounted = (principal: string | undefined): principal is string =>
    principal !== undefined && uploadsPerPrincipalMax !== Number.POSITIVE_INFINITY;
  const lifetimeMs = ({ expiresAt }: UploadGrant): number => Math.max(expiresAt - clock.now(), 1);
  return {
    async admitUpload(grant) {
      const { principal, nonce } = grant;
      if (!isCounted(principal)) return;
      const group = `uploads:${principal}`;
      if ((await counters.addMember(group, nonce, lifetimeMs(grant))) <= uploadsPerPrincipalMax) return;
      await counters.removeMember(group, nonce);
      throw tooManyUploadsError(uploadsPerPrincipalMax);
    },
    async countUrls(grant, count) {
      const { nonce } = grant;
      if ((await counters.increment(`ended:${nonce}`, 0, lifetimeMs(grant))) > 0) throw tokenRefusedError();
      if (urlsPerUploadMax === Number.POSITIVE_INFINITY) return;
      if ((await counters.increment(`urls:${nonce}`, count, lifetimeMs(grant))) <= urlsPerUploadMax) return;
      throw urlsExhaustedError(grant, urlsPerUploadMax);
    },
    async endUpload(grant) {
      const { principal, nonce } = grant;
      await counters.increment(`ended:${nonce}`, 1, lifetimeMs(grant));
      if (isCounted(principal)) await counters.removeMember(`uploads:${principal}`, nonce);
    },
  };
}

function tooManyUploadsError(uploadsMax: number): UploadError {
  const message = `too many unfinished uploads: at most ${uploadsMax} are allowed at once`;
  return uploadRefusedError(message, 'Finish or abort one of the others.');
}

function urlsExhaustedError({ bucket, key }: UploadGrant, urlsMax: number): UploadError {
  return refusedError(`the upload has used all its URLs: policy.urlsPerUploadMax allows ${urlsMax}`, {
    context: { operation: 'presignParts', bucket, key },
  });
}
