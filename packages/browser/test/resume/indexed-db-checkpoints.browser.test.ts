import { createIndexedDbCheckpoints } from '@partway/browser';
import { checkpointStoreConformance } from '@partway/core/testing';
import { afterEach, expect, test } from 'vitest';

const ID = '0123456789abcdef';
const originals = { open: IDBFactory.prototype.open, put: IDBObjectStore.prototype.put };

afterEach(() => {
  IDBFactory.prototype.open = originals.open;
  IDBObjectStore.prototype.put = originals.put;
  Reflect.deleteProperty(navigator, 'locks');
});

let count = 0;
const newName = (): string => `test-${++count}`;

const conformance = checkpointStoreConformance({
  open: async () => createIndexedDbCheckpoints({ databaseName: newName() }),
  reopen: async (store) => {
    if (!('databaseName' in store)) throw new Error('not a store of a page');
    return createIndexedDbCheckpoints({ databaseName: String(store.databaseName) });
  },
});

test.each(conformance)('checkpoints in IndexedDB: $name', ({ run }) => run());

test.each(conformance)('checkpoints where storage is blocked: $name', ({ run }) => {
  blockStorage();
  return run();
});

test.each(conformance)('checkpoints without Web Locks: $name', ({ run }) => {
  Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
  return run();
});

function blockStorage(): void {
  IDBFactory.prototype.open = () => {
    throw new DOMException('blocked', 'SecurityError');
  };
}

test('blocked storage is reported once per store with its cause, also when the listener throws', async () => {
  blockStorage();
  const reported: unknown[] = [];
  const store = createIndexedDbCheckpoints({
    databaseName: newName(),
    onStorageBlocked(error) {
      reported.push(error);
      throw new Error('of the listener');
    },
  });
  await store.save(ID, 'text');
  await store.list();
  expect(await store.load(ID)).toBe('text');
  expect(reported).toMatchObject([{ code: 'checkpoint_failed', cause: { name: 'SecurityError' } }]);
});

test('a text beyond the storage quota is kept in memory and replaces the older one', async () => {
  const store = createIndexedDbCheckpoints({ databaseName: newName() });
  await store.save(ID, 'older');
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  await store.save(ID, 'newer');
  expect(await store.load(ID)).toBe('newer');
  IDBObjectStore.prototype.put = originals.put;
  await store.save(ID, 'newest');
  expect(await createIndexedDbCheckpoints({ databaseName: store.databaseName }).load(ID)).toBe('newest');
  expect(await store.list()).toEqual([ID]);
  await store.remove(ID);
  expect(await store.load(ID)).toBeUndefined();
});

test('a transaction aborted by the browser leaves no partial change', async () => {
  const reported: unknown[] = [];
  const databaseName = newName();
  const store = createIndexedDbCheckpoints({
    databaseName,
    onStorageBlocked: (error) => reported.push(error),
  });
  await store.save(ID, 'text');
  await store.saveProgress(ID, 5);
  IDBObjectStore.prototype.put = function put(value, key) {
    const request = originals.put.call(this, value, key);
    this.transaction.abort();
    return request;
  };
  await store.setAside(ID);
  IDBObjectStore.prototype.put = originals.put;
  expect(reported).toMatchObject([{ cause: { name: 'AbortError' } }]);
  expect(await store.load(ID)).toBe('text');
  expect(await store.loadProgress(ID)).toBe(5);
});

test('another tab can delete the database without blocking: the store starts empty', async () => {
  const reported: unknown[] = [];
  const databaseName = newName();
  const store = createIndexedDbCheckpoints({
    databaseName,
    onStorageBlocked: (error) => reported.push(error),
  });
  await store.save(ID, 'text');
  await settled(indexedDB.deleteDatabase(databaseName));
  expect(await store.load(ID)).toBeUndefined();
  await store.save(ID, 'again');
  expect(await store.load(ID)).toBe('again');
  expect(reported).toEqual([]);
});

test('another tab can upgrade the database: the store continues in memory', async () => {
  const reported: unknown[] = [];
  const databaseName = newName();
  const store = createIndexedDbCheckpoints({
    databaseName,
    onStorageBlocked: (error) => reported.push(error),
  });
  await store.save(ID, 'text');
  const later = await settled(indexedDB.open(databaseName, 99));
  await store.save(ID, 'again');
  expect(await store.load(ID)).toBe('again');
  expect(reported).toMatchObject([{ cause: { name: 'VersionError' } }]);
  later.close();
});

/** Rejects when another connection stands in the way. */
function settled<T>(request: IDBRequest<T> | IDBOpenDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
    Object.assign(request, { onblocked: () => reject(new Error('blocked by another connection')) });
  });
}

test.each([['in IndexedDB'], ['in memory']])(
  'progress %s lies beside a checkpoint, and never falls',
  async (where) => {
    if (where === 'in memory') blockStorage();
    const store = createIndexedDbCheckpoints({ databaseName: newName() });
    await store.saveProgress(ID, 5);
    expect(await store.loadProgress(ID)).toBeUndefined();
    await store.save(ID, 'text');
    await store.saveProgress(ID, 7);
    await store.saveProgress(ID, 3);
    expect(await store.loadProgress(ID)).toBe(7);
    // Another upload begins with nothing.
    await store.save(ID, 'another');
    expect(await store.loadProgress(ID)).toBeUndefined();
    await store.saveProgress(ID, 1);
    await store.remove(ID);
    await store.save(ID, 'third');
    expect(await store.loadProgress(ID)).toBeUndefined();
  },
);

test('an unknown option throws at once', () => {
  expect(() => createIndexedDbCheckpoints({ databaseName: '' })).toThrow(TypeError);
  const onStorageBlocked = JSON.parse('{}');
  expect(() => createIndexedDbCheckpoints({ onStorageBlocked })).toThrow(TypeError);
});
