import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';

/** Everything by the id of the upload. No Blob: they may be large, and private windows may keep none. */
interface UploadSchema extends DBSchema {
  checkpoints: { key: string; value: string };
  'set-aside': { key: string; value: string };
  progress: { key: string; value: number };
  handles: { key: string; value: FileSystemFileHandle };
}

export type UploadDatabase = IDBPDatabase<UploadSchema>;

export type UploadTransaction = IDBPTransaction<UploadSchema, StoreName[], 'readwrite'>;

type StoreName = 'checkpoints' | 'set-aside' | 'progress' | 'handles';

const STORES: StoreName[] = ['checkpoints', 'set-aside', 'progress', 'handles'];

/** Makes one change, wholly or not at all. `strict`: it is on the disk when it is done. */
export async function changeDatabase(
  database: UploadDatabase,
  durability: 'strict' | 'relaxed',
  change: (transaction: UploadTransaction) => Promise<void>,
): Promise<void> {
  const transaction = database.transaction(STORES, 'readwrite', { durability });
  // Both are waited for: a failure that nobody waits for would be told to the page as unhandled.
  await Promise.all([
    change(transaction).catch((reason: unknown) => undo(transaction, reason)),
    transaction.done,
  ]);
}

function undo(transaction: UploadTransaction, reason: unknown): never {
  try {
    transaction.abort();
  } catch {
    // The browser has aborted it already.
  }
  throw reason;
}

/**
 * Calls `use` with the database, which is opened when it is needed: one connection a page. A connection that
 * was closed meanwhile, by the browser or for another tab's sake, is opened anew, once.
 */
export async function withDatabase<T>(
  name: string,
  use: (database: UploadDatabase) => Promise<T>,
): Promise<T> {
  try {
    return await use(await connect(name));
  } catch (reason) {
    if (!(reason instanceof DOMException) || reason.name !== 'InvalidStateError') throw reason;
    connections.delete(name);
    return use(await connect(name));
  }
}

const connections = new Map<string, Promise<UploadDatabase>>();

function connect(name: string): Promise<UploadDatabase> {
  const known = connections.get(name);
  if (known !== undefined) return known;
  const forget = (): void => {
    if (connections.get(name) === opening) connections.delete(name);
  };
  const opening = open(name, forget);
  connections.set(name, opening);
  opening.catch(forget);
  return opening;
}

/** Rejects also when the browser gives no answer: a page cannot wait for what may never come. */
function open(name: string, onClosed: () => void): Promise<UploadDatabase> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const giveUp = (why: string): void => {
      isLate = true;
      reject(new DOMException(why, 'TimeoutError'));
    };
    const timer = setTimeout(() => giveUp('the browser did not open the database'), OPEN_MS_MAX);
    const opening = openVersion(name, onClosed, () => giveUp('another tab keeps the database from opening'));
    opening
      .then((database) => (isLate ? database.close() : resolve(database)), reject)
      .finally(() => clearTimeout(timer));
  });
}

/** Opening takes milliseconds; Safari has been seen to take for ever. */
const OPEN_MS_MAX = 10_000;

async function openVersion(
  name: string,
  onClosed: () => void,
  onBlocked: () => void,
): Promise<UploadDatabase> {
  return openDB<UploadSchema>(name, 1, {
    upgrade(database) {
      for (const store of STORES) database.createObjectStore(store);
    },
    blocked: onBlocked,
    // Another tab deletes the database, or brings a later version of it: it shall not have to wait.
    blocking(_current, _blocked, { target }) {
      onClosed();
      if (target instanceof IDBDatabase) target.close();
    },
    terminated: onClosed,
  });
}
