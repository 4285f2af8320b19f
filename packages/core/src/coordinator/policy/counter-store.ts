import type { Clock } from '../../ports.ts';

/**
 * Counters for the limits of a policy. Several coordinator processes need a shared one: in Redis each
 * method is one or two commands. Counters of one process limit that process alone: an upload initiated by
 * one process and ended by another stays counted by the first until its token expires.
 */
export interface CounterStore {
  /**
   * Adds to a counter and resolves with the new value. The counter expires `lifetimeMs` after its first
   * addition; adding 0 reads it.
   */
  increment(name: string, amount: number, lifetimeMs: number): Promise<number>;
  /**
   * Adds a member to a group for `lifetimeMs`, and resolves with the number of members. Adding it again has
   * no effect.
   */
  addMember(group: string, member: string, lifetimeMs: number): Promise<number>;
  /** Removes a member from a group. */
  removeMember(group: string, member: string): Promise<void>;
}

/**
 * A {@link CounterStore} of one process. It holds 100,000 counters; beyond that the oldest are removed
 * before they expire.
 */
export function createInMemoryCounterStore(clock: Pick<Clock, 'now'>): CounterStore {
  const counts = new Map<string, { count: number; readonly endsAt: number }>();
  const groups = new Map<string, Map<string, number>>();
  let nextCleaning = 0;

  /** Removes expired entries, at most once a minute. */
  function removeExpired(now: number): void {
    if (now < nextCleaning) return;
    nextCleaning = now + CLEANING_MS;
    for (const [name, { endsAt }] of counts) if (endsAt <= now) counts.delete(name);
    for (const [group, members] of groups) {
      for (const [member, endsAt] of members) if (endsAt <= now) members.delete(member);
      if (members.size === 0) groups.delete(group);
    }
  }

  /** Only above the limit: a Map with deleted first entries is slow to find the next. */
  function removeOldest(): void {
    const [oldest] = counts.keys();
    if (oldest !== undefined) counts.delete(oldest);
  }

  return {
    async increment(name, amount, lifetimeMs) {
      const now = clock.now();
      removeExpired(now);
      const known = counts.get(name);
      const counter =
        known !== undefined && known.endsAt > now ? known : { count: 0, endsAt: now + lifetimeMs };
      counter.count += amount;
      if (counter.count !== 0) counts.set(name, counter);
      if (counts.size > COUNTS_MAX) removeOldest();
      return counter.count;
    },
    async addMember(group, member, lifetimeMs) {
      const now = clock.now();
      removeExpired(now);
      const members = groups.get(group) ?? new Map<string, number>();
      groups.set(group, members);
      if (!members.has(member)) members.set(member, now + lifetimeMs);
      return [...members.values()].filter((endsAt) => endsAt > now).length;
    },
    async removeMember(group, member) {
      groups.get(group)?.delete(member);
    },
  };
}

const CLEANING_MS = 60_000;
const COUNTS_MAX = 100_000;
