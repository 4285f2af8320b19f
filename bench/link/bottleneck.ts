import type { LinkModel } from './start-link.ts';

/** The narrowest place, which all connections share: bytes leave it one after another. */
export interface Bottleneck {
  /** Gives when the last of them has left, and whether some found no room and had to be sent again. */
  pass(bytes: number, now: number): { readonly leftAt: number; readonly isDropped: boolean };
}

export function createBottleneck({ bytesPerSecond, queueSize }: LinkModel): Bottleneck {
  const bytesPerMs = bytesPerSecond / 1000;
  let freeAt = 0;
  return {
    pass(bytes, now) {
      const startAt = Math.max(freeAt, now);
      freeAt = startAt + bytes / bytesPerMs;
      return { leftAt: freeAt, isDropped: (startAt - now) * bytesPerMs > queueSize };
    },
  };
}
