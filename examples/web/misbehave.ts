import type { FaultHandle, Faults } from '@partway/emulator';
import { LINKS, MISBEHAVIOURS, type MisbehaviourState } from './misbehaviours.ts';

/** What of the catalogue is in force. */
export interface Misbehaving {
  /** Begins it, anew if it is in force already, or takes it back. Throws a RangeError where there is none such. */
  set(name: string, isOn: boolean): void;
  clear(): void;
  states(): Readonly<Record<string, MisbehaviourState>>;
}

export function createMisbehaving(faults: Pick<Faults, 'add'>): Misbehaving {
  const inForce = new Map<string, readonly FaultHandle[]>();

  function end(name: string): void {
    for (const handle of inForce.get(name) ?? []) handle.remove();
    inForce.delete(name);
  }

  return {
    set(name, isOn) {
      const found = Object.hasOwn(MISBEHAVIOURS, name) ? MISBEHAVIOURS[name] : undefined;
      if (found === undefined) throw new RangeError('there is no such misbehaviour');
      for (const other of Object.hasOwn(LINKS, name) ? Object.keys(LINKS) : [name]) end(other);
      if (isOn)
        inForce.set(
          name,
          found.rules.map((rule) => faults.add(rule)),
        );
    },
    clear() {
      for (const name of [...inForce.keys()]) end(name);
    },
    states: () => Object.fromEntries([...inForce].map(([name, handles]) => [name, stateOf(handles)])),
  };
}

/** One that can happen so many times is over when it has. */
function stateOf(handles: readonly FaultHandle[]): MisbehaviourState {
  const fired = handles.reduce((sum, handle) => sum + handle.firedCount, 0);
  const isOn = handles.every(
    ({ rule, firedCount: times }) => times < (rule.times ?? Number.POSITIVE_INFINITY),
  );
  return { isOn, fired };
}
