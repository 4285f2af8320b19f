import { UploadError } from '../errors.ts';
import type { BucketAdmin } from '../oss/bucket/bucket-admin.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';
import type { Observations } from './observing-fetch.ts';

/** The results of the first request, on which all other checks depend. */
export interface Contact {
  readonly checks: readonly Check[];
  /** Whether further checks make sense. */
  readonly isReachable: boolean;
}

export interface ContactOptions {
  readonly admin: BucketAdmin;
  readonly region: string;
  /** The host of the requests. */
  readonly host: string;
  readonly observed: Readonly<Observations>;
  readonly signal: AbortSignal;
}

/** Requests the location of the bucket: any response shows the state of credentials, clock and region. */
export async function contactBucket(options: ContactOptions): Promise<Contact> {
  const location = await getLocation(options);
  const { credentials, region } =
    location instanceof UploadError ? assessError(location, options) : assessLocation(location, options);
  const checks = [credentials, assessClock(options.observed), region];
  return { checks, isReachable: credentials.status === 'ok' && region.status === 'ok' };
}

/** Sent a second time when the clock was wrong: the first response has corrected it. */
async function getLocation({ admin, signal }: ContactOptions): Promise<string | UploadError> {
  const attempt = (): Promise<string | UploadError> =>
    admin.location({ signal }).catch((reason: unknown) => {
      if (reason instanceof UploadError) return reason;
      throw reason;
    });
  const first = await attempt();
  return first instanceof UploadError && first.code === 'clock_skewed' ? attempt() : first;
}

type Assessment = Readonly<Record<'credentials' | 'region', Check>>;

function assessLocation(location: string, { region, admin, host }: ContactOptions): Assessment {
  const credentials = ok('credentials', 'OSS accepts the signature.');
  const actual = location.replace(/^oss-/, '');
  if (actual === region) {
    return {
      credentials,
      region: ok('region', `${admin.bucket} is in ${region} and is served by ${host}.`),
    };
  }
  const detail = `${admin.bucket} is in ${actual}, not in ${region}.`;
  return { credentials, region: failed('region', detail, `Set \`region\` to '${actual}'.`) };
}

/** OSS verifies the signature before it checks permissions. */
function assessError(error: UploadError, options: ContactOptions): Assessment {
  const { region, host, observed, admin } = options;
  const { ossCode = '', ec = '', status = 0 } = error.context;
  const unknown = skipped('credentials', 'OSS has not verified the signature.');
  const inRegion = (remedy: string): Assessment => ({
    credentials: unknown,
    region: failed('region', error.message, remedy),
  });
  if (error.code === 'network') {
    return inRegion(
      `Check that ${host} is the endpoint, and that DNS, proxies and firewalls allow the requests.`,
    );
  }
  if (ec === '0002-00000226' || ec === '0002-00000227') {
    return inRegion(`Set \`region\` to the bucket's region, which is not '${region}'.`);
  }
  if (observed.endpoint !== undefined) {
    return inRegion(`Set \`region\` to that of the bucket: OSS reports that ${observed.endpoint} serves it.`);
  }
  if (ossCode === 'NoSuchBucket') {
    return inRegion(`Check \`bucket\` and \`region\`: ${admin.bucket} does not exist at ${host}.`);
  }
  if (ossCode === 'SecondLevelDomainForbidden' || (status >= 300 && status < 400)) {
    return inRegion(`Check the endpoint and \`addressing\`: ${host} does not serve the bucket this way.`);
  }
  if (error.code === 'access_denied' && ossCode === 'AccessDenied') {
    const credentials = ok('credentials', 'OSS accepts the signature.');
    const detail = `${host} serves ${admin.bucket}; the signer has no permission to read its region.`;
    return { credentials, region: ok('region', detail) };
  }
  const remedy = CREDENTIALS_REMEDIES[error.code];
  if (remedy === undefined) return inRegion(error.hint ?? 'It may be temporary: examine the bucket again.');
  return {
    credentials: failed('credentials', error.message, remedy),
    region: skipped('region', 'OSS did not report it.'),
  };
}

const CREDENTIALS_REMEDIES: Readonly<Record<string, string | undefined>> = {
  access_denied: 'Check that access key ID, secret and security token are one set, exist, and are enabled.',
  signature_mismatch: 'Check that the access key secret belongs to the access key ID and has no line end.',
  credentials_expired: 'Renew the STS credentials: the security token is expired or invalid.',
};

const SKEW_MAX_MS = 15 * 60_000;
/** A presigned URL may expire this much too early or too late. */
const SKEW_WARNING_MS = 60_000;

function assessClock({ skewMs }: Readonly<Observations>): Check {
  if (skewMs === undefined) return skipped('clock', 'No response of OSS had a date.');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const detail = `The local clock is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the clock of OSS.`;
  if (Math.abs(skewMs) > SKEW_MAX_MS) {
    return failed(
      'clock',
      detail,
      'Synchronize the clock (NTP): OSS rejects signatures that are more than 15 minutes off.',
    );
  }
  if (Math.abs(skewMs) > SKEW_WARNING_MS) {
    return warning(
      'clock',
      detail,
      'Synchronize the clock (NTP): presigned URLs expire too early or too late.',
    );
  }
  return ok('clock', detail);
}
