import { SETTLED } from '../../abort.ts';
import type { Clock } from '../../ports.ts';

/** Looks at whatever is under way, again and again, for as long as anything is: one timer for all of it. */
export interface Watch<Item> {
  add(item: Item): void;
  remove(item: Item): void;
}

export interface WatchOptions<Item> {
  /** How long to wait until the next look. What is added meanwhile is looked at then, too. */
  readonly pauseMs: (items: Iterable<Item>) => number;
  /** `lateMs` says how long the look was due: the machine slept, or the page was not let do anything. */
  readonly look: (item: Item, lateMs: number) => void;
}

export function createWatch<Item>(clock: Clock, { pauseMs, look }: WatchOptions<Item>): Watch<Item> {
  const items = new Set<Item>();
  let ended = new AbortController();

  async function watch({ signal }: AbortController): Promise<void> {
    for (;;) {
      const pause = pauseMs(items);
      const dueAt = clock.now() + pause;
      await clock.sleep(pause, signal).catch(() => undefined);
      if (signal.aborted) return;
      const lateMs = Math.max(0, clock.now() - dueAt);
      for (const item of items) look(item, lateMs);
    }
  }

  return {
    add(item) {
      items.add(item);
      if (items.size > 1) return;
      ended = new AbortController();
      void watch(ended);
    },
    remove(item) {
      // The watch ends with the last one: a timer left over would keep the process alive.
      if (items.delete(item) && items.size === 0) ended.abort(SETTLED);
    },
  };
}
