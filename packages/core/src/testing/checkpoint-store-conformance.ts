import type { CheckpointStore } from '../ports.ts';
import { type ConformanceCase, expectTrue, getRejection } from './conformance.ts';

/** Creates stores for the conformance suite. */
export interface CheckpointStoreHarness {
  /** Creates an empty store. */
  open(): Promise<CheckpointStore>;
  /** Opens the same store again, as another process would. */
  reopen(store: CheckpointStore): Promise<CheckpointStore>;
}

const ID = '0123456789abcdef';
const OTHER_ID = 'fedcba9876543210';

/** The contract of a {@link CheckpointStore}, as cases for any test runner. */
export function checkpointStoreConformance({
  open,
  reopen,
}: CheckpointStoreHarness): readonly ConformanceCase[] {
  return [
    {
      name: 'a text that was never saved is undefined and not listed',
      async run() {
        const store = await open();
        expectTrue((await store.load(ID)) === undefined, 'load returns undefined');
        expectTrue((await store.list()).length === 0, 'the list is empty');
        await store.remove(ID);
      },
    },
    {
      name: 'load returns the text that was saved last, also after reopening the store',
      async run() {
        const store = await open();
        await store.save(ID, 'first');
        await store.save(ID, 'zweite – 二');
        await store.save(OTHER_ID, 'other');
        const other = await reopen(store);
        expectTrue((await other.load(ID)) === 'zweite – 二', 'the last text is loaded');
        const listed = new Set(await other.list());
        expectTrue(listed.size === 2 && listed.has(ID) && listed.has(OTHER_ID), 'both are listed');
      },
    },
    {
      name: 'a removed text is undefined',
      async run() {
        const store = await open();
        await store.save(ID, 'text');
        await store.remove(ID);
        expectTrue((await store.load(ID)) === undefined, 'load returns undefined');
      },
    },
    {
      name: 'a text that is set aside is neither loaded nor listed, and a new text can be saved',
      async run() {
        const store = await open();
        await store.setAside(ID);
        for (const text of ['unreadable', 'unreadable again']) {
          await store.save(ID, text);
          await store.save(OTHER_ID, 'other');
          await store.setAside(ID);
          const other = await reopen(store);
          expectTrue((await other.load(ID)) === undefined, 'load returns undefined');
          expectTrue((await other.list()).join() === OTHER_ID, 'only the other is listed');
          expectTrue((await other.load(OTHER_ID)) === 'other', 'the other text is unchanged');
        }
        await store.save(ID, 'new');
        expectTrue((await (await reopen(store)).load(ID)) === 'new', 'the new text is loaded');
      },
    },
    {
      name: 'a lock has one holder at a time, and can be acquired after its release',
      async run() {
        const store = await open();
        const other = await reopen(store);
        const lease = await store.lock(ID);
        const rejection = await getRejection(other.lock(ID));
        expectTrue(
          (rejection as { code?: unknown }).code === 'upload_locked',
          'the second lock rejects with upload_locked',
        );
        await (await other.lock(OTHER_ID)).release();
        await lease.release();
        await (await other.lock(ID)).release();
      },
    },
  ];
}
