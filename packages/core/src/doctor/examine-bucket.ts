import type { ObjectStore } from '../object-store-port.ts';
import { createBucketAdminOver } from '../oss/bucket/bucket-admin.ts';
import { objectUrl, resolveEndpoint } from '../oss/endpoint.ts';
import { assertKey } from '../oss/key.ts';
import { createObjectStore } from '../oss/object-store.ts';
import { createOssWire, type OssBucketOptions, platformFetch } from '../oss/oss-wire.ts';
import type { Clock } from '../ports.ts';
import { randomNonce, systemClock } from '../system.ts';
import { type Check, type CheckName, failedBy, ok, skipped } from './check.ts';
import { checkCors } from './cors-check.ts';
import { makeContact } from './first-contact.ts';
import { checkLifecycle } from './lifecycle-check.ts';
import { probeUpload } from './probe-upload.ts';
import { watchedFetch } from './watched-fetch.ts';

export interface ExamineOptions extends Omit<OssBucketOptions, 'clock'> {
  /** Of the page that sends parts, as `https://app.example.com`. Default: none, and CORS is not looked at. */
  readonly origin?: string | undefined;
  /**
   * Keys begin with it: rights are tried, and the lifecycle rule is looked for, below it. Default: all keys.
   */
  readonly prefix?: string | undefined;
  /** Adds the rules for CORS and lifecycle that are missing. No rule is lost. Default: false. */
  readonly fix?: boolean | undefined;
  /** Days after which the added lifecycle rule removes an unfinished upload, from 1. Default: 7. */
  readonly abortAfterDays?: number | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tries everything that uploads to a bucket need, and says of each thing whether it works and what to do
 * where it does not. Begins one upload of a key of its own, sends 38 bytes, and removes them again. With
 * `origin` it needs a platform whose `fetch` may set the header Origin: a page's may not.
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
  const { fetch, seen } = watchedFetch(options.fetch ?? platformFetch, clock);
  const wire = createOssWire({ ...options, fetch, clock });
  const store = createObjectStore(wire);
  const admin = createBucketAdminOver(wire);
  const contact = await makeContact({ admin, region, host: endpoint.host, seen, signal });
  if (!contact.isMade) return [...contact.checks, ...FURTHER.map((name) => skipped(name, 'See above.'))];
  return [
    ...contact.checks,
    await headCheck(store, key, signal),
    ...(await probeUpload({ store, fetch, clock, key, signal })),
    origin === undefined
      ? skipped('cors', 'No `origin` was given.')
      : await checkCors({ admin, fetch, url: objectUrl(endpoint, bucket, key), origin, fix, signal }),
    await checkLifecycle({ admin, prefix, abortAfterDays, fix, signal }),
  ];
}

const FURTHER: readonly CheckName[] = [
  'head',
  'upload',
  'list-parts',
  'list-uploads',
  'abort',
  'cors',
  'lifecycle',
];

async function headCheck(store: ObjectStore, key: string, signal: AbortSignal): Promise<Check> {
  try {
    await store.head({ key, signal });
    return ok('head', 'OSS tells whether an object is there.');
  } catch (reason) {
    return failedBy('head', reason, 'oss:GetObject and oss:ListObjects');
  }
}

function assertOrigin(origin: string | undefined): void {
  if (origin === undefined) return;
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new TypeError('origin must be a scheme and a host, such as https://app.example.com, and no path');
  }
}

function assertDays(days: number): void {
  if (Number.isSafeInteger(days) && days >= 1) return;
  throw new RangeError(`abortAfterDays must be a whole number from 1, got ${days}`);
}
