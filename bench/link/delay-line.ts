/** Delivers items at their times, in the order in which they were added. */
export interface DelayLine<Item> {
  /** Adds an item. It is delivered at `at`, but not before an item that was added earlier. */
  add(item: Item, at: number): void;
}

export function createDelayLine<Item>(deliver: (item: Item) => void): DelayLine<Item> {
  const queue: { readonly item: Item; readonly at: number }[] = [];
  let lastAt = 0;

  function deliverDueItems(): void {
    const now = performance.now();
    for (let first = queue[0]; first !== undefined && first.at <= now; first = queue[0]) {
      queue.shift();
      deliver(first.item);
    }
    startTimer();
  }

  function startTimer(): void {
    const [first] = queue;
    if (first !== undefined) setTimeout(deliverDueItems, Math.max(0, first.at - performance.now()));
  }

  return {
    add(item, at) {
      lastAt = Math.max(lastAt, at);
      queue.push({ item, at: lastAt });
      if (queue.length === 1) startTimer();
    },
  };
}
