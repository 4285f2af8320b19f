import type { Clock } from '../../ports.ts';

/**
 * Stores the counters of the policy. Several coordinator processes need a shared one: in Redis each method is
 * one or two commands. Counters of one process limit that process alone, and an upload that one process
 * initiated and another one completed stays counted by the first until its token expires.
 */
export interface CounterStore {
  /**
   * Adds `amount` to a counter and resolves with the new count. An amount of 0 reads it. The counter is
   * removed `lifetimeMs` after it was first incremented. A rejection fails the request with a transient
   * `server_error`.
   */
  increment(name: string, amount: number, lifetimeMs: number): Promise<number>;
  /**
   * Adds a member to a group for `lifetimeMs`, and resolves with the number of members. Adding a member that
   * the group already has changes nothing.
   */
  addMember(group: string, member: string, lifetimeMs: number): Promise<number>;
  /** Removes a member from a group. Does nothing if the group does not have it. */
  removeMember(group: string, member: string): Promise<void>;
}

/**
 * A {@link CounterStore} of one process, in memory. It keeps 100,000 counters: when there are more, the
 * oldest ones are removed before they expire.
 */
export function createInMemoryCounterStore(clock: Pick<Clock, 'now'>): CounterStore {
  const counters = new Map<string, { count: number; readonly expiresAt: number }>();
  const groups = new Map<string, Map<string, number>>();
  let nextCleanupAt = 0;

  /** At most once a minute: counters that are no longer used would stay for ever. */
  function removeExpired(now: number): void {
    if (now < nextCleanupAt) return;
    nextCleanupAt = now + CLEANUP_MS;
    for (const [name, { expiresAt }] of counters) if (expiresAt <= now) counters.delete(name);
    for (const [group, members] of groups) {
      for (const [member, expiresAt] of members) if (expiresAt <= now) members.delete(member);
      if (members.size === 0) groups.delete(group);
    }
  }

  /** Called only above the limit: after many deletions at its start, a map finds its first entry slowly. */
  function removeOldest(): void {
    const [oldest] = counters.keys();
    if (oldest !== undefined) counters.delete(oldest);
  }

  return {
    async increment(name, amount, lifetimeMs) {
      const now = clock.now();
      removeExpired(now);
      const existing = counters.get(name);
      const counter =
        existing !== undefined && existing.expiresAt > now
          ? existing
          : { count: 0, expiresAt: now + lifetimeMs };
      counter.count += amount;
      if (counter.count !== 0) counters.set(name, counter);
      if (counters.size > COUNTERS_MAX) removeOldest();
      return counter.count;
    },
    async addMember(group, member, lifetimeMs) {
      const now = clock.now();
      removeExpired(now);
      const members = groups.get(group) ?? new Map<string, number>();
      groups.set(group, members);
      if (!members.has(member)) members.set(member, now + lifetimeMs);
      return [...members.values()].filter((expiresAt) => expiresAt > now).length;
    },
    async removeMember(group, member) {
      groups.get(group)?.delete(member);
    },
  };
}

const CLEANUP_MS = 60_000;
const COUNTERS_MAX = 100_000;
