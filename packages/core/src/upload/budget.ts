/** What several uploads share: turns for files, and slots for requests. */
export interface Budget {
  /** Waits for the upload's turn. Call what it gives when the turn is over. Rejects with `signal.reason`. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** A share of the slots: whoever has one waits behind no more than one request of each other share. */
  share(): Share;
  /** Slots from now on. */
  setSlots(slots: number): void;
}

/** Runs a task as soon as a slot is free and it is this share's turn. */
export type Share = <T>(task: () => Promise<T>) => Promise<T>;

/** `slots` requests at once, of `turns` uploads at once. */
export function createBudget({ slots, turns }: { readonly slots: number; readonly turns: number }): Budget {
  const waitingForTurn: (() => void)[] = [];
  const queues: (() => void)[][] = [];
  let slotsMax = slots;
  let slotsTaken = 0;
  let turnsTaken = 0;

  /** The shares take their turns: who was served goes to the end of the row. */
  function serve(): void {
    while (slotsTaken < slotsMax) {
      const next = queues.findIndex((queue) => queue.length > 0);
      const [queue] = next < 0 ? [] : queues.splice(next, 1);
      if (queue === undefined) return;
      queues.push(queue);
      slotsTaken += 1;
      queue.shift()?.();
    }
  }

  function leave(): void {
    turnsTaken -= 1;
    admit();
  }

  function admit(): void {
    while (turnsTaken < turns && waitingForTurn.length > 0) {
      turnsTaken += 1;
      waitingForTurn.shift()?.();
    }
  }

  return {
    enter(signal) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const begin = (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve(leave);
        };
        const giveUp = (): void => {
          waitingForTurn.splice(waitingForTurn.indexOf(begin), 1);
          reject(signal.reason);
        };
        signal.addEventListener('abort', giveUp, { once: true });
        waitingForTurn.push(begin);
        admit();
      });
    },
    share() {
      const queue: (() => void)[] = [];
      return async (task) => {
        if (!queues.includes(queue)) queues.push(queue);
        await new Promise<void>((resolve) => {
          queue.push(resolve);
          serve();
        });
        try {
          return await task();
        } finally {
          slotsTaken -= 1;
          if (queue.length === 0 && queues.includes(queue)) queues.splice(queues.indexOf(queue), 1);
          serve();
        }
      };
    },
    setSlots(count) {
      slotsMax = count;
      serve();
    },
  };
}
