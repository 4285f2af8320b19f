import { createInMemoryCheckpoints } from '@partway/core/ports';
import type { PageCheckpoints } from './page-checkpoints.ts';
import {
  changeDatabase,
  type UploadDatabase,
  type UploadTransaction,
  withDatabase,
} from './upload-database.ts';

/** What is kept of unfinished uploads, wherever it is kept. */
export type UploadRecords = Omit<PageCheckpoints, 'databaseName' | 'lock' | 'follow'>;

/** Records in IndexedDB. Each change is one transaction, and but for progress on the disk when it is done. */
export function createDatabaseRecords(databaseName: string): UploadRecords {
  const use = <T>(read: (database: UploadDatabase) => Promise<T>): Promise<T> =>
    withDatabase(databaseName, read);
  const change = (act: (transaction: UploadTransaction) => Promise<void>): Promise<void> =>
    use((database) => changeDatabase(database, 'strict', act));
  return {
    load: (id) => use((database) => database.get('checkpoints', id)),
    list: () => use((database) => database.getAllKeys('checkpoints')),
    loadProgress: (id) => use((database) => database.get('progress', id)),
    loadHandle: (id) => use((database) => database.get('handles', id)),
    save: (id, text) =>
      change(async (transaction) => {
        await removeAll(transaction, id);
        await transaction.objectStore('checkpoints').put(text, id);
      }),
    remove: (id) => change((transaction) => removeAll(transaction, id)),
    setAside: (id) =>
      change(async (transaction) => {
        const text = await transaction.objectStore('checkpoints').get(id);
        if (text !== undefined) await transaction.objectStore('set-aside').put(text, id);
        await removeAll(transaction, id);
      }),
    saveProgress: (id, confirmedBytes) =>
      use((database) =>
        changeDatabase(database, 'relaxed', (transaction) => noteProgress(transaction, id, confirmedBytes)),
      ),
    saveHandle: (id, handle) =>
      change(async (transaction) => {
        if (await isKnownTo(transaction, id)) await transaction.objectStore('handles').put(handle, id);
      }),
  };
}

/** What lies beside a checkpoint goes with it. */
async function removeAll(transaction: UploadTransaction, id: string): Promise<void> {
  await transaction.objectStore('checkpoints').delete(id);
  await transaction.objectStore('progress').delete(id);
  await transaction.objectStore('handles').delete(id);
}

async function noteProgress(
  transaction: UploadTransaction,
  id: string,
  confirmedBytes: number,
): Promise<void> {
  const progress = transaction.objectStore('progress');
  const noted = (await progress.get(id)) ?? -1;
  // A resume proves part after part, and begins with none: what OSS holds is more.
  if (confirmedBytes > noted && (await isKnownTo(transaction, id))) await progress.put(confirmedBytes, id);
}

async function isKnownTo(transaction: UploadTransaction, id: string): Promise<boolean> {
  return (await transaction.objectStore('checkpoints').getKey(id)) !== undefined;
}

/** Records that die with the page. */
export function createMemoryRecords(): UploadRecords {
  const { load, save, remove, setAside: forgetText, list } = createInMemoryCheckpoints();
  const progress = new Map<string, number>();
  const handles = new Map<string, FileSystemFileHandle>();
  const forgetRest = (id: string): void => {
    progress.delete(id);
    handles.delete(id);
  };
  const isKnown = async (id: string): Promise<boolean> => (await load(id)) !== undefined;
  return {
    load,
    list,
    async save(id, text) {
      forgetRest(id);
      await save(id, text);
    },
    async remove(id) {
      forgetRest(id);
      await remove(id);
    },
    async setAside(id) {
      forgetRest(id);
      await forgetText(id);
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
 * Records of `lasting`, and in `memory` what those refuse to keep. Nothing rejects: each refusal is given to
 * `tell`.
 */
export function createFallingBackRecords(
  lasting: UploadRecords,
  memory: UploadRecords,
  tell: (reason: unknown) => void,
): UploadRecords {
  const orElse = async <T, U>(asked: Promise<T>, otherwise: U): Promise<T | U> => {
    try {
      return await asked;
    } catch (reason) {
      tell(reason);
      return otherwise;
    }
  };
  const inBoth = async (change: (records: UploadRecords) => Promise<void>): Promise<void> => {
    await change(memory);
    await orElse(change(lasting), undefined);
  };
  return {
    load: async (id) => (await memory.load(id)) ?? orElse(lasting.load(id), undefined),
    async list() {
      const kept = await orElse(lasting.list(), []);
      return [...new Set([...kept, ...(await memory.list())])];
    },
    async save(id, text) {
      const isSaved = await orElse(
        lasting.save(id, text).then(() => true),
        false,
      );
      await (isSaved ? memory.remove(id) : memory.save(id, text));
    },
    remove: (id) => inBoth((records) => records.remove(id)),
    setAside: (id) => inBoth((records) => records.setAside(id)),
    loadProgress: async (id) =>
      (await memory.loadProgress(id)) ?? orElse(lasting.loadProgress(id), undefined),
    saveProgress: (id, confirmedBytes) => inBoth((records) => records.saveProgress(id, confirmedBytes)),
    loadHandle: async (id) => (await memory.loadHandle(id)) ?? orElse(lasting.loadHandle(id), undefined),
    saveHandle: (id, handle) => inBoth((records) => records.saveHandle(id, handle)),
  };
}
