/** What several uploads share: turns for files, and slots for requests. */
export interface Budget {
  /** Waits for the upload's turn. Call what it gives when the turn is over. Rejects with `signal.reason`. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** A share of the slots: whoever has one waits behind no more than one request of each other share. */
  share(): Share;
  /** Slots from now on. */
  setSlots(slots: number): void;
}

export interface Share {
  /**
   * Runs a task as soon as a slot is free and it is this share's turn. Rejects with `signal.reason` before.
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Whether a slot is free that nobody waits for. */
  hasRoom(): boolean;
}

/** `slots` requests at once, of `turns` uploads at once. */
export function createBudget({ slots, turns }: { readonly slots: number; readonly turns: number }): Budget {
  return { enter: createTurns(turns), ...createSlots(slots) };
}

/** First come, first served. */
function createTurns(turnsMax: number): Budget['enter'] {
  const waiting: (() => void)[] = [];
  let taken = 0;

  function admit(): void {
    while (taken < turnsMax && waiting.length > 0) {
      taken += 1;
      waiting.shift()?.();
    }
  }

  function leave(): void {
    taken -= 1;
    admit();
  }

  return async (signal) => {
    await queued(waiting, admit, signal);
    return leave;
  };
}

/** The shares take turns: whoever was served goes to the end of the row. */
function createSlots(slots: number): Pick<Budget, 'share' | 'setSlots'> {
  const row: (() => void)[][] = [];
  let slotsMax = slots;
  let taken = 0;

  function serve(): void {
    while (taken < slotsMax) {
      const next = row.findIndex((queue) => queue.length > 0);
      const [queue] = next < 0 ? [] : row.splice(next, 1);
      if (queue === undefined) return;
      row.push(queue);
      taken += 1;
      queue.shift()?.();
    }
  }

  /** A share that wants nothing takes no place in the row. */
  function leaveRow(queue: (() => void)[]): void {
    if (queue.length === 0 && row.includes(queue)) row.splice(row.indexOf(queue), 1);
  }

  return {
    share() {
      const queue: (() => void)[] = [];
      return {
        hasRoom: () => taken < slotsMax && row.every((each) => each.length === 0),
        async run(task, signal) {
          if (!row.includes(queue)) row.push(queue);
          await queued(queue, serve, signal).finally(() => leaveRow(queue));
          try {
            return await task();
          } finally {
            taken -= 1;
            serve();
          }
        },
      };
    },
    setSlots(count) {
      slotsMax = count;
      serve();
    },
  };
}

/** Waits in the queue until it is served, or until the signal takes it out again. */
function queued(queue: (() => void)[], serve: () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const begin = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = (): void => {
      queue.splice(queue.indexOf(begin), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    queue.push(begin);
    serve();
  });
}
