import { createInMemoryCheckpoints } from '@partway/core/ports';
import type { PageCheckpoints } from './page-checkpoints.ts';
import {
  changeDatabase,
  type UploadDatabase,
  type UploadTransaction,
  withDatabase,
} from './upload-database.ts';

/** The stored data of unfinished uploads, in IndexedDB or in memory. */
export type UploadRecords = Omit<PageCheckpoints, 'databaseName' | 'lock' | 'track'>;

/** Records in IndexedDB. A change is one transaction; unless it is progress, it resolves when on the disk. */
export function createDatabaseRecords(databaseName: string): UploadRecords {
  const use = <T>(access: (database: UploadDatabase) => Promise<T>): Promise<T> =>
    withDatabase(databaseName, access);
  const change = (apply: (transaction: UploadTransaction) => Promise<void>): Promise<void> =>
    use((database) => changeDatabase(database, 'strict', apply));
  return {
    load: (id) => use((database) => database.get('checkpoints', id)),
    list: () => use((database) => database.getAllKeys('checkpoints')),
    loadProgress: (id) => use((database) => database.get('progress', id)),
    loadHandle: (id) => use((database) => database.get('handles', id)),
    save: (id, text) =>
      change(async (transaction) => {
        await removeRecords(transaction, id);
        await transaction.objectStore('checkpoints').put(text, id);
      }),
    remove: (id) => change((transaction) => removeRecords(transaction, id)),
    setAside: (id) =>
      change(async (transaction) => {
        const text = await transaction.objectStore('checkpoints').get(id);
        if (text !== undefined) await transaction.objectStore('set-aside').put(text, id);
        await removeRecords(transaction, id);
      }),
    saveProgress: (id, confirmedBytes) =>
      use((database) =>
        changeDatabase(database, 'relaxed', (transaction) => raiseProgress(transaction, id, confirmedBytes)),
      ),
    saveHandle: (id, handle) =>
      change(async (transaction) => {
        if (await hasCheckpoint(transaction, id)) await transaction.objectStore('handles').put(handle, id);
      }),
  };
}

/** Removes a checkpoint, and the progress and handle stored with it. */
async function removeRecords(transaction: UploadTransaction, id: string): Promise<void> {
  await transaction.objectStore('checkpoints').delete(id);
  await transaction.objectStore('progress').delete(id);
  await transaction.objectStore('handles').delete(id);
}

async function raiseProgress(
  transaction: UploadTransaction,
  id: string,
  confirmedBytes: number,
): Promise<void> {
  const progress = transaction.objectStore('progress');
  const saved = (await progress.get(id)) ?? -1;
  // A resumed upload starts at 0 and verifies part after part, although OSS has more.
  if (confirmedBytes > saved && (await hasCheckpoint(transaction, id)))
    await progress.put(confirmedBytes, id);
}

async function hasCheckpoint(transaction: UploadTransaction, id: string): Promise<boolean> {
  return (await transaction.objectStore('checkpoints').getKey(id)) !== undefined;
}

/** Records that are lost when the page is closed. */
export function createMemoryRecords(): UploadRecords {
  const { load, save, remove, setAside: setTextAside, list } = createInMemoryCheckpoints();
  const progress = new Map<string, number>();
  const handles = new Map<string, FileSystemFileHandle>();
  const removeExtras = (id: string): void => {
    progress.delete(id);
    handles.delete(id);
  };
  const isKnown = async (id: string): Promise<boolean> => (await load(id)) !== undefined;
  return {
    load,
    list,
    async save(id, text) {
      removeExtras(id);
      await save(id, text);
    },
    async remove(id) {
      removeExtras(id);
      await remove(id);
    },
    async setAside(id) {
      removeExtras(id);
      await setTextAside(id);
    },
    loadProgress: async (id) => progress.get(id),
    async saveProgress(id, confirmedBytes) {
      if (await isKnown(id)) progress.set(id, Math.max(confirmedBytes, progress.get(id) ?? 0));
    },
    loadHandle: async (id) => handles.get(id),
    async saveHandle(id, handle) {
      if (await isKnown(id)) handles.set(id, handle);
    },
  };
}

/**
 * Stores records in `persistent`, and in `memory` those that it cannot store. No method rejects: each error
 * is passed to `onError`.
 */
export function createRecordsWithFallback(
  persistent: UploadRecords,
  memory: UploadRecords,
  onError: (reason: unknown) => void,
): UploadRecords {
  const orElse = async <T, U>(result: Promise<T>, fallback: U): Promise<T | U> => {
    try {
      return await result;
    } catch (reason) {
      onError(reason);
      return fallback;
    }
  };
  const inBoth = async (change: (records: UploadRecords) => Promise<void>): Promise<void> => {
    await change(memory);
    await orElse(change(persistent), undefined);
  };
  return {
    load: async (id) => (await memory.load(id)) ?? orElse(persistent.load(id), undefined),
    async list() {
      const ids = await orElse(persistent.list(), []);
      return [...new Set([...ids, ...(await memory.list())])];
    },
    async save(id, text) {
      const isSaved = await orElse(
        persistent.save(id, text).then(() => true),
        false,
      );
      await (isSaved ? memory.remove(id) : memory.save(id, text));
    },
    remove: (id) => inBoth((records) => records.remove(id)),
    setAside: (id) => inBoth((records) => records.setAside(id)),
    loadProgress: async (id) =>
      (await memory.loadProgress(id)) ?? orElse(persistent.loadProgress(id), undefined),
    saveProgress: (id, confirmedBytes) => inBoth((records) => records.saveProgress(id, confirmedBytes)),
    loadHandle: async (id) => (await memory.loadHandle(id)) ?? orElse(persistent.loadHandle(id), undefined),
    saveHandle: (id, handle) => inBoth((records) => records.saveHandle(id, handle)),
  };
}
