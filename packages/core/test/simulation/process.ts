import { never } from '../stages/in-process-oss.ts';

/** A process that may die at any call of a port. Its awaited promises then never settle. */
export interface SimulatedProcess {
  readonly isAlive: boolean;
  /** Started and ended calls of ports so far. */
  readonly ticks: number;
  /** Makes one call of a port: the process may die before it, and before the result arrives. */
  call<T>(act: () => Promise<T>): Promise<T>;
  /** Has `act` done at the nth tick. */
  at(tick: number, act: () => void): void;
  kill(): void;
}

export function createProcess(): SimulatedProcess {
  const acts: { readonly tick: number; readonly act: () => void }[] = [];
  let isAlive = true;
  let ticks = 0;

  function tick(): void {
    ticks += 1;
    for (const { tick: due, act } of acts) if (due === ticks) act();
  }

  return {
    get isAlive() {
      return isAlive;
    },
    get ticks() {
      return ticks;
    },
    async call(act) {
      if (isAlive) tick();
      if (!isAlive) return never();
      try {
        const answer = await act();
        if (isAlive) tick();
        return isAlive ? answer : await never();
      } catch (reason) {
        if (isAlive) tick();
        if (!isAlive) return never();
        throw reason;
      }
    },
    at(due, act) {
      acts.push({ tick: due, act });
    },
    kill() {
      isAlive = false;
    },
  };
}
