import { UploadError } from '../errors.ts';
import type { BucketAdmin } from '../oss/bucket/bucket-admin.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';
import type { Seen } from './watched-fetch.ts';

/** What the first request tells, of which all others are the consequence. */
export interface Contact {
  readonly checks: readonly Check[];
  /** Whether there is any sense in asking further. */
  readonly isMade: boolean;
}

export interface ContactOptions {
  readonly admin: BucketAdmin;
  readonly region: string;
  /** The host that is asked. */
  readonly host: string;
  readonly seen: Readonly<Seen>;
  readonly signal: AbortSignal;
}

/** Asks OSS where the bucket is: credentials, clock and region show in whatever it answers. */
export async function makeContact(options: ContactOptions): Promise<Contact> {
  const answer = await ask(options);
  const { credentials, region } =
    answer instanceof UploadError ? judgeRefusal(answer, options) : judgeLocation(answer, options);
  const checks = [credentials, judgeClock(options.seen), region];
  return { checks, isMade: credentials.status === 'ok' && region.status === 'ok' };
}

/** A second time where the clock was wrong: the first answer has put it right. */
async function ask({ admin, signal }: ContactOptions): Promise<string | UploadError> {
  const attempt = (): Promise<string | UploadError> =>
    admin.location({ signal }).catch((reason: unknown) => {
      if (reason instanceof UploadError) return reason;
      throw reason;
    });
  const first = await attempt();
  return first instanceof UploadError && first.code === 'clock_skewed' ? attempt() : first;
}

type Judgement = Readonly<Record<'credentials' | 'region', Check>>;

function judgeLocation(location: string, { region, admin, host }: ContactOptions): Judgement {
  const credentials = ok('credentials', 'OSS accepts the signature.');
  const actual = location.replace(/^oss-/, '');
  if (actual === region) {
    return {
      credentials,
      region: ok('region', `${admin.bucket} is in ${region}, and ${host} answers for it.`),
    };
  }
  const detail = `${admin.bucket} is in ${actual}, not in ${region}.`;
  return { credentials, region: failed('region', detail, `Set \`region\` to '${actual}'.`) };
}

/** What OSS refuses by its rights it has read the signature of. */
function judgeRefusal(error: UploadError, options: ContactOptions): Judgement {
  const { region, host, seen, admin } = options;
  const { ossCode = '', ec = '', status = 0 } = error.context;
  const unknown = skipped('credentials', 'OSS has not come to look at the signature.');
  const inRegion = (remedy: string): Judgement => ({
    credentials: unknown,
    region: failed('region', error.message, remedy),
  });
  if (error.code === 'network') {
    return inRegion(
      `Check that ${host} is the endpoint, and that DNS, proxy and firewall let requests through.`,
    );
  }
  if (ec === '0002-00000226' || ec === '0002-00000227') {
    return inRegion(`Set \`region\` to the bucket's region, which is not '${region}'.`);
  }
  if (seen.endpoint !== undefined) {
    return inRegion(`Set \`region\` to the bucket's: OSS says that ${seen.endpoint} serves it.`);
  }
  if (ossCode === 'NoSuchBucket') {
    return inRegion(`Check \`bucket\` and \`region\`: there is no ${admin.bucket} here.`);
  }
  if (ossCode === 'SecondLevelDomainForbidden' || (status >= 300 && status < 400)) {
    return inRegion(`Check the endpoint: ${host} does not serve the bucket in this way.`);
  }
  if (error.code === 'access_denied' && ossCode === 'AccessDenied') {
    const credentials = ok('credentials', 'OSS accepts the signature.');
    const detail = `${host} answers for ${admin.bucket}; its region may not be read.`;
    return { credentials, region: ok('region', detail) };
  }
  const remedy = CREDENTIALS_REMEDIES[error.code];
  if (remedy === undefined) return inRegion(error.hint ?? 'It may pass: examine the bucket again.');
  return {
    credentials: failed('credentials', error.message, remedy),
    region: skipped('region', 'OSS did not say.'),
  };
}

const CREDENTIALS_REMEDIES: Readonly<Record<string, string | undefined>> = {
  access_denied: 'Check that access key id, secret and security token are one set, exist, and are enabled.',
  signature_mismatch:
    'Check that the access key secret belongs to the access key id, and came without line ends.',
  credentials_expired: 'Renew the STS credentials: OSS calls the security token dead or wrong.',
};

const SKEW_MAX_MS = 15 * 60_000;
/** A presigned URL loses so much of its life. */
const SKEW_NOTED_MS = 60_000;

function judgeClock({ skewMs }: Readonly<Seen>): Check {
  if (skewMs === undefined) return skipped('clock', 'No answer of OSS told the time.');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const detail = `This clock is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the clock of OSS.`;
  if (Math.abs(skewMs) > SKEW_MAX_MS) {
    return failed(
      'clock',
      detail,
      'Set the clock by NTP: OSS refuses what is signed more than 15 minutes off.',
    );
  }
  if (Math.abs(skewMs) > SKEW_NOTED_MS) {
    return warning('clock', detail, 'Set the clock by NTP: presigned URLs expire too early, or too late.');
  }
  return ok('clock', detail);
}
