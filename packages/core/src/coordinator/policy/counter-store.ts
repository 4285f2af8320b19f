import type { Clock } from '../../ports.ts';

/**
 * Counts that a policy looks at. With several coordinator processes give one that all of them share: in Redis
 * each method is one or two commands. What is counted by a process alone bounds that process alone.
 * An upload that one process began and another one ended stays counted by the first until its token expires.
 */
export interface CounterStore {
  /**
   * Adds to a count and resolves with the new one. It is forgotten `lifetimeMs` after it was first added to;
   * adding 0 reads it.
   */
  increment(name: string, amount: number, lifetimeMs: number): Promise<number>;
  /**
   * Puts a member into a group for `lifetimeMs`, and resolves with how many it has. Doing it again changes
   * nothing.
   */
  addMember(group: string, member: string, lifetimeMs: number): Promise<number>;
  removeMember(group: string, member: string): Promise<void>;
}

/**
 * A {@link CounterStore} of one process. It remembers 100,000 counts; when there are more, the oldest are
 * forgotten before their time.
 */
export function createInMemoryCounterStore(clock: Pick<Clock, 'now'>): CounterStore {
  const counts = new Map<string, { count: number; readonly endsAt: number }>();
  const groups = new Map<string, Map<string, number>>();
  let nextCleaning = 0;

  /** Once a minute at most: what nobody asks for any more would stay for ever. */
  function forgetThePast(now: number): void {
    if (now < nextCleaning) return;
    nextCleaning = now + CLEANING_MS;
    for (const [name, { endsAt }] of counts) if (endsAt <= now) counts.delete(name);
    for (const [group, members] of groups) {
      for (const [member, endsAt] of members) if (endsAt <= now) members.delete(member);
      if (members.size === 0) groups.delete(group);
    }
  }

  /** Only where there are too many: a map that has lost its first entries takes long to find the next. */
  function forgetTheOldest(): void {
    const [oldest] = counts.keys();
    if (oldest !== undefined) counts.delete(oldest);
  }

  return {
    async increment(name, amount, lifetimeMs) {
      const now = clock.now();
      forgetThePast(now);
      const known = counts.get(name);
      const tally =
        known !== undefined && known.endsAt > now ? known : { count: 0, endsAt: now + lifetimeMs };
      tally.count += amount;
      if (tally.count !== 0) counts.set(name, tally);
      if (counts.size > COUNTS_MAX) forgetTheOldest();
      return tally.count;
    },
    async addMember(group, member, lifetimeMs) {
      const now = clock.now();
      forgetThePast(now);
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
