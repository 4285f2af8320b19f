import { credentialsExpiredError, UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { type Instant, toMilliseconds } from '../instant.ts';

/** Credentials to sign with. Always used as one set: the fields of two sets never mix. */
export interface OssCredentials {
  /** The ID of the access key. */
  readonly accessKeyId: string;
  /** The secret of the access key. */
  readonly accessKeySecret: string;
  /** The token of temporary credentials from STS. Default: the access key is permanent. */
  readonly securityToken?: string | undefined;
  /** When the security token expires. Default: not known. */
  readonly expiresAt?: Instant | undefined;
}

/**
 * A set, or a function that returns one. It is called again before the set expires; without `expiresAt`,
 * every five minutes.
 */
export type CredentialsSource = OssCredentials | (() => OssCredentials | Promise<OssCredentials>);

/** Credentials that are refreshed before they expire. */
export interface Credentials {
  /**
   * One consistent set. Concurrent callers share one call of the source. When it fails, the cached set is
   * returned until it expires, and the next caller calls the source again.
   */
  current(): Promise<OssCredentials>;
  /** Removes a set that OSS refused. Does nothing when a newer set is cached. */
  invalidate(refused: OssCredentials): void;
}

export function createCredentials(source: CredentialsSource, clock: Pick<Clock, 'now'>): Credentials {
  if (typeof source !== 'function') {
    const credentials = validateCredentials(source);
    return { current: async () => credentials, invalidate: () => undefined };
  }
  let cached: CachedCredentials | undefined;
  let refreshing: Promise<OssCredentials> | undefined;

  async function refresh(load: () => OssCredentials | Promise<OssCredentials>): Promise<OssCredentials> {
    try {
      const credentials = validateCredentials(await load());
      cached = cacheUntilExpiry(credentials, clock.now());
      return credentials;
    } catch (reason) {
      if (cached !== undefined && clock.now() < cached.expiresAt) return cached.credentials;
      throw refreshError(reason);
    }
  }

  return {
    async current() {
      if (cached !== undefined && clock.now() < cached.refreshAt) return cached.credentials;
      refreshing ??= refresh(source).finally(() => {
        refreshing = undefined;
      });
      return await refreshing;
    },
    invalidate(refused) {
      if (cached?.credentials === refused) cached = undefined;
    },
  };
}

interface CachedCredentials {
  readonly credentials: OssCredentials;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

const REFRESH_BEFORE_MS = 5 * 60_000;
/** A set that expires sooner is detected by OSS's refusal. */
const UNKNOWN_LIFE_MS = 5 * 60_000;

function cacheUntilExpiry(credentials: OssCredentials, now: number): CachedCredentials {
  if (credentials.expiresAt === undefined) {
    return { credentials, refreshAt: now + UNKNOWN_LIFE_MS, expiresAt: Number.POSITIVE_INFINITY };
  }
  const expiresAt = toMilliseconds(credentials.expiresAt);
  const refreshBeforeMs = Math.min(REFRESH_BEFORE_MS, (expiresAt - now) / 3);
  return { credentials, refreshAt: expiresAt - refreshBeforeMs, expiresAt };
}

/**
 * Returns a copy, so that later writes of its owner do not change the set.
 *
 * @throws TypeError that names the field and never its value.
 */
export function validateCredentials(credentials: OssCredentials): OssCredentials {
  if (typeof credentials !== 'object' || credentials === null) {
    throw new TypeError('credentials must be an object with accessKeyId and accessKeySecret');
  }
  const { accessKeyId, accessKeySecret, securityToken, expiresAt } = credentials;
  assertCredential('accessKeyId', accessKeyId);
  assertCredential('accessKeySecret', accessKeySecret);
  if (securityToken !== undefined) assertCredential('securityToken', securityToken);
  if (expiresAt !== undefined && !Number.isFinite(toMilliseconds(expiresAt))) {
    throw new TypeError('credentials.expiresAt must be a Date or milliseconds since the epoch');
  }
  return { ...credentials };
}

/** A line end from a file or an environment variable would make every signature invalid. */
function assertCredential(name: string, value: string): void {
  if (typeof value !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw new TypeError(`credentials.${name} must be a non-empty string without white space at its ends`);
  }
}

function refreshError(reason: unknown): UploadError {
  if (reason instanceof TypeError && reason.message.startsWith('credentials.')) {
    return new UploadError({
      code: 'access_denied',
      message: `the credentials function returned invalid credentials: ${reason.message}`,
      disposition: 'permanent',
    });
  }
  return credentialsExpiredError('the credentials function failed', {
    hint: 'See `cause`: the error of your credentials function.',
    cause: reason,
  });
}
