import type { UploadEvent } from '../progress/events.ts';
import { createAdaptiveConcurrency } from './adaptive-concurrency.ts';
import { createSemaphore, waitInQueue } from './semaphore.ts';

/** Shared by several uploads: permits for uploads, and slots for requests. */
export interface Budget {
  /** Waits for a permit to send. Rejects with `signal.reason`. */
  acquire(signal: AbortSignal): Promise<Permit>;
  /** A share of the slots. Each of its requests waits for at most one request of each other share. */
  share(): Share;
  /** Fixes the number of slots, 1 or more. */
  setSlots(slots: number): void;
}

/** The permit of one upload. */
export interface Permit {
  /**
   * Exchanges the permit to send for one to complete, of which there are as many, and so lets another upload
   * send. Rejects with `signal.reason`. Called again it does nothing.
   */
  complete(signal: AbortSignal): Promise<void>;
  /** Releases the permit. */
  release(): void;
}

/** The permit of an upload that shares nothing. */
export const NO_PERMIT: Permit = { complete: () => Promise.resolve(), release: () => undefined };

/** The budget of an upload that shares nothing. */
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

/** The share of one upload. */
export interface Share {
  /** Whether there may be other shares. */
  readonly isShared: boolean;
  /** Runs a task as soon as the share gets a slot. Rejects with `signal.reason` if that comes first. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Whether there is a free slot for which no share waits. */
  hasRoom(): boolean;
  /** The slots of all shares together. */
  slots(): number;
  /** To be called with every event of the upload. */
  onEvent(event: UploadEvent): void;
}

export interface BudgetOptions {
  /** Requests at once. `auto`: adapts between 1 and `slotsMax`. */
  readonly slots: number | 'auto';
  readonly slotsMax: number;
  /** Uploads that send at once, and as many that are being completed. Default: twice as many as slots. */
  readonly uploadsMax?: number | undefined;
}

export function createBudget({ slots, slotsMax, uploadsMax }: BudgetOptions): Budget {
  const sending = createSemaphore(0);
  const completing = createSemaphore(0);
  // More uploads than slots: while some send, others are being opened, and no slot waits for a small file.
  const resizePermits = (slotCount: number): void => {
    for (const semaphore of [sending, completing]) semaphore.resize(uploadsMax ?? 2 * slotCount);
  };
  return {
    ...createSlots(slots, slotsMax, resizePermits),
    async acquire(signal) {
      let release = await sending.acquire(signal);
      let isCompleting = false;
      return {
        release: () => release(),
        async complete(stop) {
          if (isCompleting) return;
          const releaseCompleting = await completing.acquire(stop);
          release();
          release = releaseCompleting;
          isCompleting = true;
        },
      };
    },
  };
}

/** Round robin: a share that was served goes to the end of the line. */
function createSlots(
  initial: number | 'auto',
  slotsMax: number,
  onResize: (slots: number) => void,
): Pick<Budget, 'share' | 'setSlots'> {
  const line: (() => void)[][] = [];
  const isAwaited = (): boolean => line.some((queue) => queue.length > 0);
  const adaptive = createAdaptiveConcurrency(slotsMax, isAwaited);
  let isAdaptive = initial === 'auto';
  let slots = initial === 'auto' ? adaptive.concurrency : initial;
  let used = 0;
  onResize(slots);

  function grant(): void {
    while (used < slots) {
      const next = line.findIndex((queue) => queue.length > 0);
      const [queue] = next < 0 ? [] : line.splice(next, 1);
      if (queue === undefined) return;
      line.push(queue);
      used += 1;
      queue.shift()?.();
    }
  }

  function resize(count: number): void {
    slots = count;
    onResize(slots);
    grant();
  }

  /** A share without waiting requests keeps no place in the line. */
  function leaveLine(queue: (() => void)[]): void {
    if (queue.length === 0 && line.includes(queue)) line.splice(line.indexOf(queue), 1);
  }

  return {
    share() {
      const queue: (() => void)[] = [];
      return {
        isShared: true,
        hasRoom: () => used < slots && !isAwaited(),
        slots: () => slots,
        onEvent(event) {
          if (!isAdaptive) return;
          adaptive.onEvent(event, queue);
          if (adaptive.concurrency !== slots) resize(adaptive.concurrency);
        },
        async run(task, signal) {
          if (!line.includes(queue)) line.push(queue);
          await waitInQueue(queue, grant, signal).finally(() => leaveLine(queue));
          try {
            return await task();
          } finally {
            used -= 1;
            grant();
          }
        },
      };
    },
    setSlots(count) {
      isAdaptive = false;
      resize(count);
    },
  };
}
