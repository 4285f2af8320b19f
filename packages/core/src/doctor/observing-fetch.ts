import { parseInstant } from '../oss/instant.ts';
import type { Fetch } from '../oss/signed-fetch.ts';
import type { Clock } from '../ports.ts';

/** Facts from the responses of OSS. */
export interface Observations {
  /** How many ms OSS's clock is ahead of the local one, accurate to a second or two. */
  skewMs?: number;
  /** The endpoint of the bucket, which OSS reports to requests to another one. */
  endpoint?: string;
}

/** A `fetch` that records facts of its responses. */
export function createObservingFetch(
  fetch: Fetch,
  clock: Pick<Clock, 'now'>,
): { fetch: Fetch; observed: Readonly<Observations> } {
  const observed: Observations = {};
  return {
    observed,
    async fetch(url, init) {
      const sentAt = clock.now();
      const response = await fetch(url, init);
      const at = parseInstant(response.headers.get('date') ?? undefined);
      // A date has whole seconds: the real time is on average half a second later.
      if (at !== undefined) observed.skewMs = at + 500 - (sentAt + clock.now()) / 2;
      const body = response.ok ? '' : await response.clone().text();
      const endpoint = /<Endpoint>([\w.:-]{1,100})</.exec(body)?.[1];
      if (endpoint !== undefined) observed.endpoint = endpoint;
      return response;
    },
  };
}
