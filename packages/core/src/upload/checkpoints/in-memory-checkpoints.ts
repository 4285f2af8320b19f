import { UploadError } from '../../errors.ts';
import type { CheckpointStore } from '../../ports.ts';

/** Checkpoints that die with the process: enough to pause and resume, not to survive a crash. */
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
      // Nobody could look at it there: it is let go.
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

/** What a {@link CheckpointStore} throws when somebody else holds the lock. `holder` completes a sentence. */
export function uploadLockedError(holder: string): UploadError {
  return new UploadError({
    code: 'upload_locked',
    message: `the same source is being uploaded to the same key by ${holder}`,
    disposition: 'permanent',
    hint: 'Wait for it to end, or stop it.',
  });
}
