import type { UploadEvent } from '../progress/events.ts';
import { createAdaptiveConcurrency } from './adaptive-concurrency.ts';
import { createSemaphore, queued } from './semaphore.ts';

/** What several uploads share: turns for files, and slots for requests. */
export interface Budget {
  /** Waits for the upload's turn. Rejects with `signal.reason`. */
  acquire(signal: AbortSignal): Promise<Permit>;
  /** A share of the slots: whoever has one waits behind no more than one request of each other share. */
  share(): Share;
  /** So many slots from now on, whatever is heard. */
  setSlots(slots: number): void;
}

/** One of so many uploads that send. */
export interface Permit {
  /**
   * Lets another upload send: this one waits for one of as many turns in which uploads are completed. Rejects
   * with `signal.reason`. Called again it does nothing.
   */
  complete(signal: AbortSignal): Promise<void>;
  /** To be called when the turn is over. */
  release(): void;
}

/** Of an upload that keeps nobody waiting. */
export const NO_PERMIT: Permit = { complete: () => Promise.resolve(), release: () => undefined };

/** Of an upload that shares nothing with others. */
export const NO_BUDGET: Budget = {
  acquire: async () => NO_PERMIT,
  share: () => ({
    isShared: false,
    run: (task) => task(),
    hasRoom: () => true,
    slots: () => Number.POSITIVE_INFINITY,
    onEvent: () => undefined,
  }),
  setSlots: () => undefined,
};

export interface Share {
  readonly isShared: boolean;
  /**
   * Runs a task as soon as a slot is free and it is this share's turn. Rejects with `signal.reason` before.
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Whether a slot is free that nobody waits for. */
  hasRoom(): boolean;
  /** Of all shares together. */
  slots(): number;
  /** To be told every event of the upload. */
  onEvent(event: UploadEvent): void;
}

export interface BudgetOptions {
  /** Requests at once. `auto`: as many as seem best, up to `slotsMax`. */
  readonly slots: number | 'auto';
  readonly slotsMax: number;
  /** Uploads that send at once, and as many that are being completed. Default: twice as many as slots. */
  readonly turns?: number | undefined;
}

export function createBudget({ slots, slotsMax, turns }: BudgetOptions): Budget {
  const send = createSemaphore(0);
  const complete = createSemaphore(0);
  // While some send, others are being opened: a slot is never free for want of a small file to send.
  const resizeTurns = (slotCount: number): void => {
    for (const each of [send, complete]) each.resize(turns ?? 2 * slotCount);
  };
  return {
    ...createSlots(slots, slotsMax, resizeTurns),
    async acquire(signal) {
      let leave = await send.acquire(signal);
      let isCompleting = false;
      return {
        release: () => leave(),
        async complete(stop) {
          if (isCompleting) return;
          const leaveLater = await complete.acquire(stop);
          leave();
          leave = leaveLater;
          isCompleting = true;
        },
      };
    },
  };
}

/** The shares take turns: whoever was served goes to the end of the row. */
function createSlots(
  wanted: number | 'auto',
  slotsMax: number,
  onResize: (slots: number) => void,
): Pick<Budget, 'share' | 'setSlots'> {
  const row: (() => void)[][] = [];
  const isWaited = (): boolean => row.some((queue) => queue.length > 0);
  const adapting = createAdaptiveConcurrency(slotsMax, isWaited);
  let isAdaptive = wanted === 'auto';
  let slots = wanted === 'auto' ? adapting.concurrency : wanted;
  let taken = 0;
  onResize(slots);

  function serve(): void {
    while (taken < slots) {
      const next = row.findIndex((queue) => queue.length > 0);
      const [queue] = next < 0 ? [] : row.splice(next, 1);
      if (queue === undefined) return;
      row.push(queue);
      taken += 1;
      queue.shift()?.();
    }
  }

  function turn(count: number): void {
    slots = count;
    onResize(slots);
    serve();
  }

  /** A share that wants nothing takes no place in the row. */
  function leaveRow(queue: (() => void)[]): void {
    if (queue.length === 0 && row.includes(queue)) row.splice(row.indexOf(queue), 1);
  }

  return {
    share() {
      const queue: (() => void)[] = [];
      return {
        isShared: true,
        hasRoom: () => taken < slots && !isWaited(),
        slots: () => slots,
        onEvent(event) {
          if (!isAdaptive) return;
          adapting.onEvent(event, queue);
          if (adapting.concurrency !== slots) turn(adapting.concurrency);
        },
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
      isAdaptive = false;
      turn(count);
    },
  };
}
