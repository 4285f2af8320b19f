import { SETTLED } from '../../abort.ts';
import type { Clock } from '../../ports.ts';

/** Checks items again and again, with one timer for all of them, as long as there are any. */
export interface PeriodicCheck<Item> {
  add(item: Item): void;
  remove(item: Item): void;
}

export interface PeriodicCheckOptions<Item> {
  /** The time in ms until the next check. An item that is added meanwhile is checked then, too. */
  readonly pauseMs: (items: Iterable<Item>) => number;
  /**
   * `lateMs` is the time in ms by which the check was overdue: the machine was asleep, or the event loop was
   * blocked.
   */
  readonly check: (item: Item, lateMs: number) => void;
}

export function createPeriodicCheck<Item>(
  clock: Clock,
  { pauseMs, check }: PeriodicCheckOptions<Item>,
): PeriodicCheck<Item> {
  const items = new Set<Item>();
  let ended = new AbortController();

  async function run({ signal }: AbortController): Promise<void> {
    for (;;) {
      const pause = pauseMs(items);
      const dueAt = clock.now() + pause;
      await clock.sleep(pause, signal).catch(() => undefined);
      if (signal.aborted) return;
      const lateMs = Math.max(0, clock.now() - dueAt);
      for (const item of items) check(item, lateMs);
    }
  }

  return {
    add(item) {
      items.add(item);
      if (items.size > 1) return;
      ended = new AbortController();
      void run(ended);
    },
    remove(item) {
      // The timer ends with the last item: otherwise it would keep the process alive.
      if (items.delete(item) && items.size === 0) ended.abort(SETTLED);
    },
  };
}
