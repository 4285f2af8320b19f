import type { ObjectStore } from '../object-store-port.ts';
import { createBucketAdminOver } from '../oss/bucket/bucket-admin.ts';
import { objectUrl, resolveEndpoint } from '../oss/endpoint.ts';
import { assertKey } from '../oss/key.ts';
import { createObjectStore } from '../oss/object-store.ts';
import { createOssWire, type OssBucketOptions, platformFetch } from '../oss/oss-wire.ts';
import type { Clock } from '../ports.ts';
import { randomNonce, systemClock } from '../system.ts';
import { type Check, type CheckName, failedWithError, ok, skipped } from './check.ts';
import { checkCors } from './cors-check.ts';
import { contactBucket } from './first-contact.ts';
import { checkLifecycle } from './lifecycle-check.ts';
import { createObservingFetch } from './observing-fetch.ts';
import { probeUpload } from './probe-upload.ts';

/** The bucket to examine, and how. */
export interface ExamineOptions extends Omit<OssBucketOptions, 'clock'> {
  /**
   * The origin of the page that sends parts: `https://app.example.com`. Default: none; CORS is not checked.
   */
  readonly origin?: string | undefined;
  /** The prefix of the keys, for which permissions and the lifecycle rule are checked. Default: all keys. */
  readonly prefix?: string | undefined;
  /** Whether to add missing rules for CORS and lifecycle. Existing rules stay. Default: false. */
  readonly fix?: boolean | undefined;
  /** Days after which the added lifecycle rule aborts an unfinished upload, from 1. Default: 7. */
  readonly abortAfterDays?: number | undefined;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** Stops the examination; the probe upload is removed nevertheless. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks everything that uploads to a bucket need, and returns a result and a remedy for each check.
 * Initiates one upload of a new key, sends 38 bytes, and removes them again. With `origin` it needs a
 * platform with a `fetch` that can set the header Origin: in a page it cannot.
 *
 * @throws TypeError or RangeError that names the option; the reason of the signal.
 */
export async function examineBucket(options: ExamineOptions): Promise<readonly Check[]> {
  const { bucket, region, origin, prefix = '', fix = false, abortAfterDays = 7 } = options;
  const { clock = systemClock, signal = new AbortController().signal } = options;
  const key = `${prefix}partway-doctor-${randomNonce()}`;
  assertKey(key, 'prefix');
  assertOrigin(origin);
  assertDays(abortAfterDays);
  const endpoint = resolveEndpoint(options);
  const { fetch, observed } = createObservingFetch(options.fetch ?? platformFetch, clock);
  const wire = createOssWire({ ...options, fetch, clock });
  const store = createObjectStore(wire);
  const admin = createBucketAdminOver(wire);
  const contact = await contactBucket({ admin, region, host: endpoint.host, observed, signal });
  if (!contact.isReachable)
    return [...contact.checks, ...DEPENDENT_CHECKS.map((name) => skipped(name, 'See above.'))];
  return [
    ...contact.checks,
    await checkHead(store, key, signal),
    ...(await probeUpload({ store, fetch, clock, key, signal })),
    origin === undefined
      ? skipped('cors', 'No `origin` was passed.')
      : await checkCors({ admin, fetch, url: objectUrl(endpoint, bucket, key), origin, fix, signal }),
    await checkLifecycle({ admin, prefix, abortAfterDays, fix, signal }),
  ];
}

const DEPENDENT_CHECKS: readonly CheckName[] = [
  'head',
  'upload',
  'list-parts',
  'list-uploads',
  'abort',
  'cors',
  'lifecycle',
];

async function checkHead(store: ObjectStore, key: string, signal: AbortSignal): Promise<Check> {
  try {
    await store.head({ key, signal });
    return ok('head', 'OSS reports whether an object exists.');
  } catch (reason) {
    return failedWithError('head', reason, 'oss:GetObject and oss:ListObjects');
  }
}

function assertOrigin(origin: string | undefined): void {
  if (origin === undefined) return;
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new TypeError('origin must be a scheme and a host without a path, such as https://app.example.com');
  }
}

function assertDays(days: number): void {
  if (Number.isSafeInteger(days) && days >= 1) return;
  throw new RangeError(`abortAfterDays must be a whole number from 1, got ${days}`);
}
