import { UploadError } from '../errors.ts';
import type { CheckpointStore, Lease } from '../ports.ts';

/**
 * A store whose failures are typed, and harm nothing that has gone well: what cannot be loaded, saved or
 * locked is `checkpoint_failed`; what cannot be removed or released is told, not thrown.
 */
export function guardCheckpoints(
  store: CheckpointStore,
  tell: (error: UploadError) => void,
): CheckpointStore {
  return {
    load: (id) => store.load(id).catch(throwTyped('load')),
    save: (id, text) => store.save(id, text).catch(throwTyped('save')),
    list: () => store.list().catch(throwTyped('list')),
    setAside: (id) => store.setAside(id).catch(throwTyped('set aside')),
    remove: (id) => store.remove(id).catch((reason: unknown) => tell(checkpointFailed('remove', reason))),
    async lock(id): Promise<Lease> {
      const lease = await store.lock(id).catch(throwTyped('lock'));
      return {
        release: () => lease.release().catch((reason: unknown) => tell(checkpointFailed('release', reason))),
      };
    },
  };
}

function throwTyped(verb: string): (reason: unknown) => never {
  return (reason) => {
    throw reason instanceof UploadError ? reason : checkpointFailed(verb, reason);
  };
}

function checkpointFailed(verb: string, cause: unknown): UploadError {
  return new UploadError({
    code: 'checkpoint_failed',
    message: `the checkpoint store failed to ${verb}`,
    disposition: 'permanent',
    hint: 'See the cause: the directory may be full, or not writable.',
    cause,
  });
}
