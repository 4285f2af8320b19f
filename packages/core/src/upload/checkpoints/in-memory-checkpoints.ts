import { UploadError } from '../../errors.ts';
import type { CheckpointStore } from '../../ports.ts';

/** Keeps checkpoints in the memory of the process: they do not survive a crash. */
export function createInMemoryCheckpoints(): CheckpointStore {
  const texts = new Map<string, string>();
  const locked = new Set<string>();
  return {
    load: async (id) => texts.get(id),
    async save(id, text) {
      texts.set(id, text);
    },
    async remove(id) {
      texts.delete(id);
    },
    async setAside(id) {
      // There is no other place where it could be examined.
      texts.delete(id);
    },
    list: async () => [...texts.keys()],
    async lock(id) {
      if (locked.has(id)) throw uploadLockedError('another upload of this process');
      locked.add(id);
      return {
        async release() {
          locked.delete(id);
        },
      };
    },
  };
}

/**
 * The error of a {@link CheckpointStore} when another upload has the lock. `holder` describes it: `process
 * 42`.
 */
export function uploadLockedError(holder: string): UploadError {
  return new UploadError({
    code: 'upload_locked',
    message: `this source is already being uploaded to this key by ${holder}`,
    disposition: 'permanent',
    hint: 'Wait until it ends, or stop it.',
  });
}
