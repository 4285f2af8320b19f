/** Hands items on when their time has come, in the order in which they were added. */
export interface DelayLine<Item> {
  /** Never before an item added earlier. */
  add(item: Item, at: number): void;
}

export function createDelayLine<Item>(handOn: (item: Item) => void): DelayLine<Item> {
  const waiting: { readonly item: Item; readonly at: number }[] = [];
  let lastAt = 0;

  function handOnWhatIsDue(): void {
    const now = performance.now();
    for (let first = waiting[0]; first !== undefined && first.at <= now; first = waiting[0]) {
      waiting.shift();
      handOn(first.item);
    }
    wait();
  }

  function wait(): void {
    const [first] = waiting;
    if (first !== undefined) setTimeout(handOnWhatIsDue, Math.max(0, first.at - performance.now()));
  }

  return {
    add(item, at) {
      lastAt = Math.max(lastAt, at);
      waiting.push({ item, at: lastAt });
      if (waiting.length === 1) wait();
    },
  };
}
