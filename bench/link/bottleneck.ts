import type { LinkModel } from './start-link.ts';

/** The slowest section of the link, shared by all connections. It sends bytes one after another. */
export interface Bottleneck {
  /**
   * Returns the time at which the last byte leaves, and whether the queue was full, so that bytes are resent.
   */
  send(bytes: number, now: number): { readonly leftAt: number; readonly isDropped: boolean };
}

export function createBottleneck({ bytesPerSecond, queueSize }: LinkModel): Bottleneck {
  const bytesPerMs = bytesPerSecond / 1000;
  let freeAt = 0;
  return {
    send(bytes, now) {
      const startAt = Math.max(freeAt, now);
      freeAt = startAt + bytes / bytesPerMs;
      return { leftAt: freeAt, isDropped: (startAt - now) * bytesPerMs > queueSize };
    },
  };
}
