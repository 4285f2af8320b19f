import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';

/** The key is the upload's ID. No file content: it may be large, and private windows may not store Blobs. */
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

/** Makes all changes in one transaction. Resolves for `strict` when they are on the disk. */
export async function changeDatabase(
  database: UploadDatabase,
  durability: 'strict' | 'relaxed',
  change: (transaction: UploadTransaction) => Promise<void>,
): Promise<void> {
  const transaction = database.transaction(STORES, 'readwrite', { durability });
  // Await both: otherwise the page would get an unhandled rejection.
  await Promise.all([
    change(transaction).catch((reason: unknown) => undo(transaction, reason)),
    transaction.done,
  ]);
}

function undo(transaction: UploadTransaction, reason: unknown): never {
  try {
    transaction.abort();
  } catch {
    // The browser has already aborted it.
  }
  throw reason;
}

/**
 * Calls `use` with the database. The page opens one connection, on first use. If the browser has closed it,
 * or this page has for another tab, it is opened again, once.
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
  const existing = connections.get(name);
  if (existing !== undefined) return existing;
  const discard = (): void => {
    if (connections.get(name) === opening) connections.delete(name);
  };
  const opening = open(name, discard);
  connections.set(name, opening);
  opening.catch(discard);
  return opening;
}

/** Rejects with a `TimeoutError` after 10 seconds: the browser may never respond. */
function open(name: string, onClosed: () => void): Promise<UploadDatabase> {
  return new Promise((resolve, reject) => {
    let isTooLate = false;
    const fail = (message: string): void => {
      isTooLate = true;
      reject(new DOMException(message, 'TimeoutError'));
    };
    const timer = setTimeout(() => fail(`the browser did not open the database ${name}`), OPEN_MS_MAX);
    const opening = openVersion(name, onClosed, () => fail(`another tab blocks the database ${name}`));
    opening
      .then((database) => (isTooLate ? database.close() : resolve(database)), reject)
      .finally(() => clearTimeout(timer));
  });
}

/** Opening takes milliseconds; in Safari it sometimes never ends. */
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
    // Another tab deletes or upgrades the database: close the connection, so that the tab need not wait.
    blocking(_current, _blocked, { target }) {
      onClosed();
      if (target instanceof IDBDatabase) target.close();
    },
    terminated: onClosed,
  });
}
