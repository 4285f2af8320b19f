import { UploadError } from '../../errors.ts';
import type { CheckpointStore, Lease } from '../../ports.ts';
import { createInMemoryCheckpoints } from './in-memory-checkpoints.ts';

/** The checkpoints of one upload: those that outlive it, and those that only outlive a pause. */
export interface RunCheckpoints extends Omit<CheckpointStore, 'list'> {
  /** Whether a store of the caller remembers checkpoints after this upload has settled. */
  readonly isDurable: boolean;
  /** Remembers until this upload has settled, and no longer. */
  keep(id: string, text: string): Promise<void>;
  /** What is forgotten when this upload has settled. */
  volatile(): Promise<readonly string[]>;
  /** All that this upload has loaded, saved or kept, and not removed. */
  known(): readonly string[];
}

/**
 * A store whose failures are typed, and harm nothing that has gone well: what cannot be loaded, saved or
 * locked is `checkpoint_failed`; what cannot be removed or released is told, not thrown. Without a store
 * everything is kept in memory.
 */
export function guardCheckpoints(
  lasting: CheckpointStore | undefined,
  tell: (error: UploadError) => void,
): RunCheckpoints {
  const memory = createInMemoryCheckpoints();
  const store = lasting ?? memory;
  const known = new Map<string, string>();
  return {
    isDurable: lasting !== undefined,
    async load(id) {
      const text = (await memory.load(id)) ?? (await store.load(id).catch(throwTyped('load')));
      if (text !== undefined) known.set(id, text);
      return text;
    },
    async save(id, text) {
      known.set(id, text);
      await store.save(id, text).catch(throwTyped('save'));
    },
    async keep(id, text) {
      known.set(id, text);
      await memory.save(id, text);
    },
    known: () => [...known.values()],
    volatile: async () => {
      const texts = await Promise.all((await memory.list()).map((id) => memory.load(id)));
      return texts.filter((text) => text !== undefined);
    },
    setAside: (id) => store.setAside(id).catch(throwTyped('set aside')),
    async remove(id) {
      known.delete(id);
      await memory.remove(id);
      await store.remove(id).catch((reason: unknown) => tell(checkpointFailed('remove', reason)));
    },
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
