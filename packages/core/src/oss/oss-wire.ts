import type { Clock } from '../ports.ts';
import { systemClock } from '../system.ts';
import { assertBucket, type EndpointOptions, resolveEndpoint } from './endpoint.ts';
import type { OssWire } from './object-store.ts';
import { createSignedFetch, type Fetch } from './signed-fetch.ts';
import { type CredentialsSource, createCredentials } from './signing/credentials.ts';
import { createOssClock } from './signing/oss-clock.ts';

/** One bucket, its credentials, and the `fetch` of its requests. */
export interface OssBucketOptions extends EndpointOptions {
  /** The name of the bucket. */
  readonly bucket: string;
  /** One set, or a function that is called for a new set before the last one expires. */
  readonly credentials: CredentialsSource;
  /** Default: the `fetch` of the platform. */
  readonly fetch?: Fetch | undefined;
  /** Default: the system clock. When OSS rejects its time, OSS's own time is used from then on. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/**
 * The wire to one bucket, over `fetch`: each operation is signed by header with version 4 and sent once;
 * redirects are not followed.
 *
 * @throws TypeError that names the option.
 */
export function createOssWire(options: OssBucketOptions): OssWire {
  const {
    bucket,
    region,
    credentials: source,
    fetch = platformFetch,
    clock: localClock = systemClock,
  } = options;
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
  const clock = createOssClock(localClock);
  const credentials = createCredentials(source, clock);
  return {
    bucket,
    send: createSignedFetch({ site, credentials, clock, fetch }),
    async getUrlSigningOptions() {
      const set = await credentials.current();
      return { credentials: set, now: clock.now(), skewMs: clock.skewMs(), ...site };
    },
  };
}

/** Reads the platform's `fetch` at the time of the call, because tests and tracers may replace it. */
export const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init);
