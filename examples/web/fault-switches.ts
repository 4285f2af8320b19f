import type { FaultHandle, Faults } from '@partway/emulator';
import { CATALOG, type FaultState, LINKS } from './fault-catalog.ts';

/** Switches faults of the catalog on and off. */
export interface FaultSwitches {
  /** Switches a fault on (its count restarts) or off. Throws a `RangeError` for an unknown name. */
  set(name: string, isOn: boolean): void;
  clear(): void;
  states(): Readonly<Record<string, FaultState>>;
}

export function createFaultSwitches(faults: Pick<Faults, 'add'>): FaultSwitches {
  const active = new Map<string, readonly FaultHandle[]>();

  function end(name: string): void {
    for (const handle of active.get(name) ?? []) handle.remove();
    active.delete(name);
  }

  return {
    set(name, isOn) {
      const found = Object.hasOwn(CATALOG, name) ? CATALOG[name] : undefined;
      if (found === undefined) throw new RangeError('unknown fault');
      for (const other of Object.hasOwn(LINKS, name) ? Object.keys(LINKS) : [name]) end(other);
      if (isOn)
        active.set(
          name,
          found.rules.map((rule) => faults.add(rule)),
        );
    },
    clear() {
      for (const name of [...active.keys()]) end(name);
    },
    states: () => Object.fromEntries([...active].map(([name, handles]) => [name, stateOf(handles)])),
  };
}

/** A fault with a limited count is off after its last occurrence. */
function stateOf(handles: readonly FaultHandle[]): FaultState {
  const fired = handles.reduce((sum, handle) => sum + handle.firedCount, 0);
  const isOn = handles.every(
    ({ rule, firedCount: times }) => times < (rule.times ?? Number.POSITIVE_INFINITY),
  );
  return { isOn, fired };
}
