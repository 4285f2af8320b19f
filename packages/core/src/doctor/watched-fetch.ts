import { parseInstant } from '../oss/instant.ts';
import type { Fetch } from '../oss/signed-fetch.ts';
import type { Clock } from '../ports.ts';

/** What the answers of OSS told besides what was asked. */
export interface Seen {
  /** How far OSS's clock is ahead of ours, within a second or two. */
  skewMs?: number;
  /** The endpoint that OSS says serves the bucket, when another one was asked. */
  endpoint?: string;
}

/** A `fetch` that notes what it sees. */
export function watchedFetch(
  fetch: Fetch,
  clock: Pick<Clock, 'now'>,
): { fetch: Fetch; seen: Readonly<Seen> } {
  const seen: Seen = {};
  return {
    seen,
    async fetch(url, init) {
      const sentAt = clock.now();
      const response = await fetch(url, init);
      const at = parseInstant(response.headers.get('date') ?? undefined);
      // A date names a whole second: what it means is, on average, half a second later.
      if (at !== undefined) seen.skewMs = at + 500 - (sentAt + clock.now()) / 2;
      const body = response.ok ? '' : await response.clone().text();
      const endpoint = /<Endpoint>([\w.:-]{1,100})</.exec(body)?.[1];
      if (endpoint !== undefined) seen.endpoint = endpoint;
      return response;
    },
  };
}
