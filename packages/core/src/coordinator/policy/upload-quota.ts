import { UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { callHook } from '../call-hook.ts';
import { tokenRefusedError, type UploadGrant } from '../upload-token.ts';
import { refusedError } from './access.ts';
import type { CounterStore } from './counter-store.ts';
import type { ResolvedPolicy } from './policy.ts';

/** What a coordinator remembers of its uploads, as far as a policy needs it. */
export interface UploadQuota {
  /** Rejects with `refused` when the principal has too many uploads already. */
  begin(grant: UploadGrant): Promise<void>;
  /** Rejects when the upload has ended, or so many URLs more are too many. */
  sign(grant: UploadGrant, count: number): Promise<void>;
  /** From now on nothing of the upload is signed. */
  end(grant: UploadGrant): Promise<void>;
}

export function createUploadQuota(
  given: CounterStore,
  policy: ResolvedPolicy,
  clock: Pick<Clock, 'now'>,
): UploadQuota {
  const { uploadsPerPrincipalMax, urlsPerUploadMax } = policy;
  const counters: CounterStore = {
    increment: (...counted) => callHook('counters', () => given.increment(...counted)),
    addMember: (...member) => callHook('counters', () => given.addMember(...member)),
    removeMember: (...member) => callHook('counters', () => given.removeMember(...member)),
  };
  const isCounted = (principal: string | undefined): principal is string =>
    principal !== undefined && uploadsPerPrincipalMax !== Number.POSITIVE_INFINITY;
  const lifeOf = ({ expiresAt }: UploadGrant): number => Math.max(expiresAt - clock.now(), 1);
  return {
    async begin(grant) {
      const { principal, nonce } = grant;
      if (!isCounted(principal)) return;
      const group = `uploads:${principal}`;
      if ((await counters.addMember(group, nonce, lifeOf(grant))) <= uploadsPerPrincipalMax) return;
      await counters.removeMember(group, nonce);
      throw refusedError(
        `only ${uploadsPerPrincipalMax} uploads may be unfinished at once`,
        'Finish or abort one of the others.',
      );
    },
    async sign(grant, count) {
      const { nonce, bucket, key } = grant;
      if ((await counters.increment(`ended:${nonce}`, 0, lifeOf(grant))) > 0) throw tokenRefusedError();
      if (urlsPerUploadMax === Number.POSITIVE_INFINITY) return;
      if ((await counters.increment(`urls:${nonce}`, count, lifeOf(grant))) <= urlsPerUploadMax) return;
      throw new UploadError({
        code: 'refused',
        message: `no more than ${urlsPerUploadMax} URLs are signed for one upload`,
        disposition: 'permanent',
        context: { operation: 'presignParts', bucket, key },
      });
    },
    async end(grant) {
      const { principal, nonce } = grant;
      await counters.increment(`ended:${nonce}`, 1, lifeOf(grant));
      if (isCounted(principal)) await counters.removeMember(`uploads:${principal}`, nonce);
    },
  };
}
