import { checkpointFailedError, UploadError } from '../../errors.ts';
import type { CheckpointStore, Lease } from '../../ports.ts';

/** The checkpoints of one upload: those that outlive it, and those that only outlive a pause. */
export interface RunCheckpoints extends Omit<CheckpointStore, 'list'> {
  /** Whether a store of the caller keeps checkpoints beyond this upload. */
  readonly isDurable: boolean;
  /** Saves a checkpoint in memory only. */
  keep(id: string, text: string): void;
  /** The checkpoints that are in memory only: IDs and texts. */
  volatile(): readonly SavedCheckpoint[];
  /** All checkpoints that this upload has loaded, saved or kept, and not removed. */
  known(): readonly SavedCheckpoint[];
}

export type SavedCheckpoint = readonly [id: string, text: string];

/**
 * Makes the failures of a store typed and harmless. A failed load, save or lock rejects with
 * `checkpoint_failed`; a failed remove or release is reported to `onFailure` and does not reject. Without a
 * store all checkpoints are in memory.
 */
export function guardCheckpoints(
  durable: CheckpointStore | undefined,
  onFailure: (error: UploadError) => void,
): RunCheckpoints {
  const store = durable ?? NO_STORE;
  const known = new Map<string, string>();
  const kept = new Map<string, string>();

  function keep(id: string, text: string): void {
    known.set(id, text);
    kept.set(id, text);
  }

  return {
    isDurable: durable !== undefined,
    async load(id) {
      const text = kept.get(id) ?? (await store.load(id).catch(throwTyped('load')));
      if (text !== undefined) known.set(id, text);
      return text;
    },
    async save(id, text) {
      if (durable === undefined) return keep(id, text);
      known.set(id, text);
      await store.save(id, text).catch(throwTyped('save'));
    },
    keep,
    known: () => [...known],
    volatile: () => [...kept],
    async setAside(id) {
      kept.delete(id);
      await store.setAside(id).catch(throwTyped('set aside'));
    },
    async remove(id) {
      known.delete(id);
      kept.delete(id);
      await store.remove(id).catch((reason: unknown) => onFailure(storeError('remove', reason)));
    },
    async lock(id): Promise<Lease> {
      const lease = await store.lock(id).catch(throwTyped('lock'));
      return {
        release: () => lease.release().catch((reason: unknown) => onFailure(storeError('release', reason))),
      };
    },
  };
}

/** Of an upload that is alone with its checkpoints, which are in memory. */
const NO_STORE: Omit<CheckpointStore, 'list'> = {
  load: async () => undefined,
  save: async () => undefined,
  remove: async () => undefined,
  setAside: async () => undefined,
  lock: async () => ({ release: async () => undefined }),
};

function throwTyped(verb: string): (reason: unknown) => never {
  return (reason) => {
    throw reason instanceof UploadError ? reason : storeError(verb, reason);
  };
}

function storeError(verb: string, cause: unknown): UploadError {
  return checkpointFailedError(`the checkpoint store failed to ${verb}`, {
    hint: 'See the cause: the storage may be full, or not writable.',
    cause,
  });
}
