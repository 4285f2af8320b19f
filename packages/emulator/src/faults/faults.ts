import type { OssTarget } from '../types.ts';
import { checkFaultRule } from './fault-check.ts';
import type { FaultEffect, FaultRule } from './fault-rule.ts';

/** The fault rules of one emulator or model. */
export interface Faults {
  /**
   * Adds a rule. It applies to requests from now on, after the rules added before.
   *
   * @throws TypeError or RangeError that names the invalid field.
   */
  add(rule: FaultRule): FaultHandle;
  /** The rules that are not removed, in the order of adding. */
  list(): readonly FaultHandle[];
  /** Removes every rule. */
  clear(): void;
  /**
   * Counts a request against every matching rule and returns the effects that apply to it, in order. Clock
   * jumps are carried out before it returns.
   */
  takeEffects(target: OssTarget): readonly FaultEffect[];
}

/** A rule that was added, and how often it has applied. */
export interface FaultHandle {
  /** Unique among the rules of one {@link Faults}. */
  readonly id: string;
  /** The rule as it was added. */
  readonly rule: FaultRule;
  /** The number of requests that met the rule's conditions, whether the effect was applied or not. */
  readonly matchedCount: number;
  /** The number of requests that the effect was applied to. */
  readonly firedCount: number;
  /** Removes the rule: later requests are not affected. */
  remove(): void;
  /** Resolves when {@link FaultHandle.firedCount} reaches `times`, at once if it has. Default: 1. */
  whenFired(times?: number): Promise<void>;
}

/** The options of {@link createFaults}. */
export interface FaultsOptions {
  /** Moves the emulator's clock by `ms`; a negative number moves it back. */
  readonly advanceClock: (ms: number) => void;
  /**
   * Returns numbers from 0 to below 1. Called once for each request that matches a rule. Default: seeded, so
   * that every run draws the same numbers.
   */
  readonly random?: () => number;
}

/** Creates an empty set of fault rules. */
export function createFaults({ advanceClock, random = createSeededRandom(1) }: FaultsOptions): Faults {
  const rules = new Map<string, CountedRule>();
  let addedCount = 0;
  return {
    add(rule) {
      checkFaultRule(rule);
      const id = `fault-${++addedCount}`;
      const counted = createCountedRule(id, rule, () => rules.delete(id));
      rules.set(id, counted);
      return counted.handle;
    },
    list: () => [...rules.values()].map(({ handle }) => handle),
    clear: () => rules.clear(),
    takeEffects(target) {
      const effects = [...rules.values()]
        .filter(({ handle, shouldFire }) => matchesRule(handle.rule, target) && shouldFire(random))
        .map(({ handle }) => handle.rule.effect);
      for (const effect of effects) if (effect.kind === 'clockJump') advanceClock(effect.ms);
      return effects;
    },
  };
}

function matchesRule({ operation, bucket, key, partNumber }: FaultRule, target: OssTarget): boolean {
  return (
    (operation === undefined || operation === target.operation) &&
    (bucket === undefined || bucket === target.bucket) &&
    (partNumber === undefined || partNumber === target.partNumber) &&
    (key === undefined || (target.key !== undefined && matchesKey(target.key, key)))
  );
}

/** `search` starts at the first character even for patterns that keep a position (flags `g` and `y`). */
function matchesKey(key: string, pattern: string | RegExp): boolean {
  return typeof pattern === 'string' ? key === pattern : key.search(pattern) >= 0;
}

interface CountedRule {
  readonly handle: FaultHandle;
  /** Counts one matching request and decides whether the effect applies to it. */
  shouldFire(random: () => number): boolean;
}

function createCountedRule(id: string, rule: FaultRule, remove: () => void): CountedRule {
  const { nth, times = Number.POSITIVE_INFINITY, probability = 1 } = rule;
  const ordinals = nth === undefined ? undefined : [nth].flat();
  const waiting: { readonly times: number; readonly resolve: () => void }[] = [];
  let matchedCount = 0;
  let firedCount = 0;
  return {
    handle: {
      id,
      rule,
      get matchedCount() {
        return matchedCount;
      },
      get firedCount() {
        return firedCount;
      },
      remove,
      whenFired: (count = 1) =>
        new Promise((resolve) => {
          if (firedCount >= count) resolve();
          else waiting.push({ times: count, resolve });
        }),
    },
    shouldFire(random) {
      matchedCount += 1;
      const isDrawn = random() < probability;
      const isNth = ordinals === undefined || ordinals.includes(matchedCount);
      if (!isDrawn || firedCount >= times || !isNth) return false;
      firedCount += 1;
      for (const waiter of waiting) if (firedCount >= waiter.times) waiter.resolve();
      return true;
    },
  };
}

/** A small seeded generator of numbers from 0 to below 1 (Mulberry32). Not for cryptography. */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
