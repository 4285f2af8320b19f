import type { Clock } from '../ports.ts';
import { systemClock } from '../system.ts';
import { assertBucket, type EndpointOptions, resolveEndpoint } from './endpoint.ts';
import type { OssWire } from './object-store.ts';
import { createSignedFetch, type Fetch } from './signed-fetch.ts';
import { type CredentialsSource, createCredentials } from './signing/credentials.ts';
import { createOssClock } from './signing/oss-clock.ts';

/** One bucket, who signs for it, and how its requests travel. */
export interface OssBucketOptions extends EndpointOptions {
  readonly bucket: string;
  /** One set, or a function that is asked for one whenever the last is about to expire. */
  readonly credentials: CredentialsSource;
  /** Default: the `fetch` of the platform. */
  readonly fetch?: Fetch | undefined;
  /** Default: the clock of the system. When OSS calls it wrong, OSS's own time is used from then on. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/**
 * The wire to one bucket, over `fetch`: signed by header with version 4, each operation sent once, redirects
 * refused.
 *
 * @throws TypeError that names the option.
 */
export function createOssWire(options: OssBucketOptions): OssWire {
  const { bucket, region, credentials: source, fetch = platformFetch, clock: ours = systemClock } = options;
  const { endpoint, internal, accelerate, addressing } = options;
  assertBucket(bucket);
  resolveEndpoint(options);
  const site = {
    bucket,
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(internal !== undefined && { internal }),
    ...(accelerate !== undefined && { accelerate }),
    ...(addressing !== undefined && { addressing }),
  };
  const clock = createOssClock(ours);
  const credentials = createCredentials(source, clock);
  return {
    bucket,
    send: createSignedFetch({ site, credentials, clock, fetch }),
    async urlTerms() {
      const set = await credentials.current();
      return { credentials: set, now: clock.now(), skewMs: clock.skewMs(), ...site };
    },
  };
}

/**
 * The one place that reads the platform's `fetch`, at the time of the call: tests and tracers may replace it.
 */
export const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init);
