import type { CheckpointStore } from '../ports.ts';
import { type ConformanceCase, claim, rejectionOf } from './conformance.ts';

export interface CheckpointStoreHarness {
  /** An empty store. */
  open(): Promise<CheckpointStore>;
  /** Another handle on the same store, as another process would have. */
  reopen(store: CheckpointStore): Promise<CheckpointStore>;
}

const ID = '0123456789abcdef';
const OTHER_ID = 'fedcba9876543210';

/** The law of a {@link CheckpointStore}, for any implementation to run. */
export function checkpointStoreConformance({
  open,
  reopen,
}: CheckpointStoreHarness): readonly ConformanceCase[] {
  return [
    {
      name: 'what was never saved is undefined, and not listed',
      async run() {
        const store = await open();
        claim((await store.load(ID)) === undefined, 'load gives undefined');
        claim((await store.list()).length === 0, 'the list is empty');
        await store.remove(ID);
      },
    },
    {
      name: 'a text comes back as it was saved last, from another handle too',
      async run() {
        const store = await open();
        await store.save(ID, 'first');
        await store.save(ID, 'zweite – 二');
        await store.save(OTHER_ID, 'other');
        const other = await reopen(store);
        claim((await other.load(ID)) === 'zweite – 二', 'the last text is loaded');
        const listed = new Set(await other.list());
        claim(listed.size === 2 && listed.has(ID) && listed.has(OTHER_ID), 'both are listed');
      },
    },
    {
      name: 'what is removed is gone',
      async run() {
        const store = await open();
        await store.save(ID, 'text');
        await store.remove(ID);
        claim((await store.load(ID)) === undefined, 'load gives undefined');
      },
    },
    {
      name: 'what is set aside is neither loaded nor listed, and does not stand in the way of a new text',
      async run() {
        const store = await open();
        await store.setAside(ID);
        for (const text of ['unreadable', 'unreadable again']) {
          await store.save(ID, text);
          await store.save(OTHER_ID, 'other');
          await store.setAside(ID);
          const other = await reopen(store);
          claim((await other.load(ID)) === undefined, 'load gives undefined');
          claim((await other.list()).join() === OTHER_ID, 'only the other is listed');
          claim((await other.load(OTHER_ID)) === 'other', 'the other is left alone');
        }
        await store.save(ID, 'new');
        claim((await (await reopen(store)).load(ID)) === 'new', 'the new text is loaded');
      },
    },
    {
      name: 'a lock has one holder at a time, and is free again when released',
      async run() {
        const store = await open();
        const other = await reopen(store);
        const lease = await store.lock(ID);
        const refusal = await rejectionOf(other.lock(ID));
        claim(
          (refusal as { code?: unknown }).code === 'upload_locked',
          'the second is refused with upload_locked',
        );
        await (await other.lock(OTHER_ID)).release();
        await lease.release();
        await (await other.lock(ID)).release();
      },
    },
  ];
}
