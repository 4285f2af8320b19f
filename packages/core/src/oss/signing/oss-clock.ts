import type { Clock } from '../../ports.ts';
import type { OssAnswer } from '../error-response.ts';
import { parseInstant } from '../instant.ts';

/** The clock of OSS: ours, put right by what OSS last said the time was. */
export interface OssClock {
  now(): number;
  /** How far OSS's clock is ahead of ours. */
  skewMs(): number;
  learn(answer: OssAnswer): void;
}

export function createOssClock(clock: Pick<Clock, 'now'>): OssClock {
  let skewMs = 0;
  return {
    now: () => clock.now() + skewMs,
    skewMs: () => skewMs,
    learn({ headers, body }) {
      const at = parseInstant(headers.date) ?? parseInstant(/<ServerTime>([^<]{1,40})</.exec(body)?.[1]);
      if (at !== undefined) skewMs = at - clock.now();
    },
  };
}
