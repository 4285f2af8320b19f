import { never } from '../stages/in-process-oss.ts';

/** A process that may crash at any call of a port. After that its pending calls never settle. */
export interface SimulatedProcess {
  readonly isAlive: boolean;
  /** The number of starts and ends of port calls so far. */
  readonly ticks: number;
  /** Calls a port. The process may crash before the call, and before its result arrives. */
  callPort<T>(port: () => Promise<T>): Promise<T>;
  /** Runs `action` at the nth tick. */
  schedule(tick: number, action: () => void): void;
  kill(): void;
}

export function createProcess(): SimulatedProcess {
  const schedule: { readonly tick: number; readonly action: () => void }[] = [];
  let isAlive = true;
  let ticks = 0;

  function tick(): void {
    ticks += 1;
    for (const { tick: due, action } of schedule) if (due === ticks) action();
  }

  return {
    get isAlive() {
      return isAlive;
    },
    get ticks() {
      return ticks;
    },
    async callPort(port) {
      if (isAlive) tick();
      if (!isAlive) return never();
      try {
        const result = await port();
        if (isAlive) tick();
        return isAlive ? result : await never();
      } catch (reason) {
        if (isAlive) tick();
        if (!isAlive) return never();
        throw reason;
      }
    },
    schedule(due, action) {
      schedule.push({ tick: due, action });
    },
    kill() {
      isAlive = false;
    },
  };
}
