import { UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { callHook } from '../hooks.ts';
import { tokenRefusedError, type UploadGrant } from '../upload-token.ts';
import { refusedError } from './access.ts';
import type { CounterStore } from './counter-store.ts';
import type { ResolvedPolicy } from './policy.ts';

/** Enforces the limits of a policy that need counters. */
export interface UploadQuota {
  /** Counts an upload. Rejects with `refused` when the principal has too many unfinished uploads. */
  admitUpload(grant: UploadGrant): Promise<void>;
  /** Counts URLs. Rejects when the upload has ended, or the limit would be exceeded. */
  countUrls(grant: UploadGrant, count: number): Promise<void>;
  /** Ends the upload: no URL of it is signed afterwards. */
  endUpload(grant: UploadGrant): Promise<void>;
}

export function createUploadQuota(
  store: CounterStore,
  policy: ResolvedPolicy,
  clock: Pick<Clock, 'now'>,
): UploadQuota {
  const { uploadsPerPrincipalMax, urlsPerUploadMax } = policy;
  const counters: CounterStore = {
    increment: (...args) => callHook('counters', () => store.increment(...args)),
    addMember: (...args) => callHook('counters', () => store.addMember(...args)),
    removeMember: (...args) => callHook('counters', () => store.removeMember(...args)),
  };
  const isCounted = (principal: string | undefined): principal is string =>
    principal !== undefined && uploadsPerPrincipalMax !== Number.POSITIVE_INFINITY;
  const lifeOf = ({ expiresAt }: UploadGrant): number => Math.max(expiresAt - clock.now(), 1);
  return {
    async admitUpload(grant) {
      const { principal, nonce } = grant;
      if (!isCounted(principal)) return;
      const group = `uploads:${principal}`;
      if ((await counters.addMember(group, nonce, lifeOf(grant))) <= uploadsPerPrincipalMax) return;
      await counters.removeMember(group, nonce);
      throw refusedError(
        `at most ${uploadsPerPrincipalMax} unfinished uploads are allowed`,
        'Complete or abort another upload first.',
      );
    },
    async countUrls(grant, count) {
      const { nonce, bucket, key } = grant;
      if ((await counters.increment(`ended:${nonce}`, 0, lifeOf(grant))) > 0) throw tokenRefusedError();
      if (urlsPerUploadMax === Number.POSITIVE_INFINITY) return;
      if ((await counters.increment(`urls:${nonce}`, count, lifeOf(grant))) <= urlsPerUploadMax) return;
      throw new UploadError({
        code: 'refused',
        message: `at most ${urlsPerUploadMax} URLs are signed for one upload (policy.urlsPerUploadMax)`,
        disposition: 'permanent',
        context: { operation: 'presignParts', bucket, key },
      });
    },
    async endUpload(grant) {
      const { principal, nonce } = grant;
      await counters.increment(`ended:${nonce}`, 1, lifeOf(grant));
      if (isCounted(principal)) await counters.removeMember(`uploads:${principal}`, nonce);
    },
  };
}
