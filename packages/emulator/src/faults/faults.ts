import type { OssTarget } from '../types.ts';
import { checkFaultRule } from './fault-check.ts';
import type { FaultEffect, FaultRule } from './fault-rule.ts';

/** The rules of misbehaviour in force. */
export interface Faults {
  /** Throws a TypeError or RangeError that names what is wrong with the rule. */
  add(rule: FaultRule): FaultHandle;
  list(): readonly FaultHandle[];
  clear(): void;
  /** Counts the request and says what happens to it. Jumps of the clock have happened by then. */
  take(target: OssTarget): readonly FaultEffect[];
}

export interface FaultHandle {
  /** Unique among the rules of one {@link Faults}. */
  readonly id: string;
  readonly rule: FaultRule;
  /** How many requests matched, whether they misbehaved or not. */
  readonly matched: number;
  readonly fired: number;
  remove(): void;
  /** Resolves when the rule has fired so often (default: once), at once if it has already. */
  whenFired(times?: number): Promise<void>;
}

export interface FaultsOptions {
  /** Moves the emulator's clock by so many ms. */
  readonly advanceClock: (ms: number) => void;
  /**
   * From 0 to below 1, drawn once for each request that matches a rule. Default: seeded, the same in every
   * run.
   */
  readonly random?: () => number;
}

export function createFaults({ advanceClock, random = seededRandom(1) }: FaultsOptions): Faults {
  const inForce = new Map<string, Counted>();
  let added = 0;
  return {
    add(rule) {
      checkFaultRule(rule);
      const id = `fault-${++added}`;
      const counted = countRule(id, rule, () => inForce.delete(id));
      inForce.set(id, counted);
      return counted.handle;
    },
    list: () => [...inForce.values()].map(({ handle }) => handle),
    clear: () => inForce.clear(),
    take(target) {
      const effects = [...inForce.values()]
        .filter(({ handle, fires }) => isAbout(handle.rule, target) && fires(random))
        .map(({ handle }) => handle.rule.effect);
      for (const effect of effects) if (effect.kind === 'clockJump') advanceClock(effect.ms);
      return effects;
    },
  };
}

function isAbout({ operation, bucket, key, partNumber }: FaultRule, target: OssTarget): boolean {
  return (
    (operation === undefined || operation === target.operation) &&
    (bucket === undefined || bucket === target.bucket) &&
    (partNumber === undefined || partNumber === target.partNumber) &&
    (key === undefined || (target.key !== undefined && isKey(target.key, key)))
  );
}

/** Searches from the start even with a pattern that remembers where it stopped (flags `g` and `y`). */
function isKey(key: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? key === wanted : key.search(wanted) >= 0;
}

interface Counted {
  readonly handle: FaultHandle;
  /** Counts one matching request and decides about it. */
  fires(random: () => number): boolean;
}

function countRule(id: string, rule: FaultRule, remove: () => void): Counted {
  const { nth, times = Number.POSITIVE_INFINITY, probability = 1 } = rule;
  const chosen = nth === undefined ? undefined : [nth].flat();
  const waiting: { readonly times: number; readonly resolve: () => void }[] = [];
  let matched = 0;
  let fired = 0;
  return {
    handle: {
      id,
      rule,
      get matched() {
        return matched;
      },
      get fired() {
        return fired;
      },
      remove,
      whenFired: (count = 1) =>
        new Promise((resolve) => {
          if (fired >= count) resolve();
          else waiting.push({ times: count, resolve });
        }),
    },
    fires(random) {
      matched += 1;
      const isUnlucky = random() < probability;
      if (!isUnlucky || fired >= times || (chosen !== undefined && !chosen.includes(matched))) return false;
      fired += 1;
      for (const waiter of waiting) if (fired >= waiter.times) waiter.resolve();
      return true;
    },
  };
}

/** Mulberry32: small, and good enough to decide who is unlucky. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
