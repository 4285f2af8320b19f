import type { Clock } from '../../ports.ts';
import type { OssResponse } from '../error-response.ts';
import { parseInstant } from '../instant.ts';

/** The clock of OSS: the local clock, corrected by the time of OSS's last relevant response. */
export interface OssClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** How many ms OSS's clock is ahead of the local one. */
  skewMs(): number;
  /** Takes the time from a response: its `Date` header, or the `ServerTime` of its error. */
  adjust(response: OssResponse): void;
}

/** Starts with the time of `clock`. */
export function createOssClock(clock: Pick<Clock, 'now'>): OssClock {
  let skewMs = 0;
  return {
    now: () => clock.now() + skewMs,
    skewMs: () => skewMs,
    adjust({ headers, body }) {
      const at = parseInstant(headers.date) ?? parseInstant(/<ServerTime>([^<]{1,40})</.exec(body)?.[1]);
      if (at !== undefined) skewMs = at - clock.now();
    },
  };
}
