import { UploadError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';
import { type Instant, millisecondsOf } from '../instant.ts';

/** What signs. Only ever used as one set: an id of one and a token of another sign nothing. */
export interface OssCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Of temporary credentials from STS. */
  readonly securityToken?: string | undefined;
  /** When the security token dies, where that is known. */
  readonly expiresAt?: Instant | undefined;
}

/** A function is asked again before what it gave expires; without an `expiresAt`, every five minutes. */
export type CredentialsSource = OssCredentials | (() => OssCredentials | Promise<OssCredentials>);

/** Credentials that stay fresh. */
export interface Credentials {
  /**
   * One consistent set. However many ask at once, the source is asked once. When it fails, the credentials at
   * hand serve as long as they live, and the next caller asks again.
   */
  current(): Promise<OssCredentials>;
  /** OSS refused these: nobody gets them again. Does nothing when newer ones are at hand. */
  invalidate(refused: OssCredentials): void;
}

export function createCredentials(source: CredentialsSource, clock: Pick<Clock, 'now'>): Credentials {
  if (typeof source !== 'function') {
    const credentials = checkedCredentials(source);
    return { current: async () => credentials, invalidate: () => undefined };
  }
  let held: Held | undefined;
  let refreshing: Promise<OssCredentials> | undefined;

  async function refresh(ask: () => OssCredentials | Promise<OssCredentials>): Promise<OssCredentials> {
    try {
      const credentials = checkedCredentials(await ask());
      held = hold(credentials, clock.now());
      return credentials;
    } catch (reason) {
      if (held !== undefined && clock.now() < held.diesAt) return held.credentials;
      throw refreshFailed(reason);
    }
  }

  return {
    async current() {
      if (held !== undefined && clock.now() < held.refreshAt) return held.credentials;
      refreshing ??= refresh(source).finally(() => {
        refreshing = undefined;
      });
      return await refreshing;
    },
    invalidate(refused) {
      if (held?.credentials === refused) held = undefined;
    },
  };
}

interface Held {
  readonly credentials: OssCredentials;
  readonly refreshAt: number;
  readonly diesAt: number;
}

const REFRESH_BEFORE_MS = 5 * 60_000;
/** What dies sooner is found out by OSS's refusal. */
const UNKNOWN_LIFE_MS = 5 * 60_000;

function hold(credentials: OssCredentials, now: number): Held {
  if (credentials.expiresAt === undefined) {
    return { credentials, refreshAt: now + UNKNOWN_LIFE_MS, diesAt: Number.POSITIVE_INFINITY };
  }
  const diesAt = millisecondsOf(credentials.expiresAt);
  return { credentials, refreshAt: diesAt - Math.min(REFRESH_BEFORE_MS, (diesAt - now) / 3), diesAt };
}

/**
 * A copy, so that a set stays one although its owner writes to it.
 *
 * @throws TypeError that names the field and never its value.
 */
export function checkedCredentials(credentials: OssCredentials): OssCredentials {
  if (typeof credentials !== 'object' || credentials === null) {
    throw new TypeError('credentials must be an object with accessKeyId and accessKeySecret');
  }
  const { accessKeyId, accessKeySecret, securityToken, expiresAt } = credentials;
  assertCredential('accessKeyId', accessKeyId);
  assertCredential('accessKeySecret', accessKeySecret);
  if (securityToken !== undefined) assertCredential('securityToken', securityToken);
  if (expiresAt !== undefined && !Number.isFinite(millisecondsOf(expiresAt))) {
    throw new TypeError('credentials.expiresAt must be a Date or milliseconds since the epoch');
  }
  return { ...credentials };
}

/** A line end that came along from a file or an environment variable would make every signature wrong. */
function assertCredential(name: string, value: string): void {
  if (typeof value !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw new TypeError(`credentials.${name} must be a text, not empty, and without white space at its ends`);
  }
}

function refreshFailed(reason: unknown): UploadError {
  if (reason instanceof TypeError && reason.message.startsWith('credentials.')) {
    return new UploadError({
      code: 'access_denied',
      message: `the credentials function gave no credentials: ${reason.message}`,
      disposition: 'permanent',
    });
  }
  return new UploadError({
    code: 'credentials_expired',
    message: 'the credentials could not be refreshed',
    disposition: 'transient',
    hint: 'Look at the cause: it is what your credentials function threw.',
    cause: reason,
  });
}
