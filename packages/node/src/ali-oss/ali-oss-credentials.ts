import { credentialsExpiredError } from '@partway/core/internal';
import type { OssCredentials } from '@partway/core/oss';

export interface AliOssCredentials {
  /** The current credentials, refreshed first if they are due. */
  load(): Promise<OssCredentials>;
  /** Requires a refresh of the credentials that OSS has rejected. */
  invalidate(rejected: OssCredentials): void;
}

/**
 * The credentials of the client, refreshed with its own `refreshSTSToken`: once for all concurrent callers,
 * and set in one step.
 */
export function createAliOssCredentials(raw: RawClient): AliOssCredentials {
  let rejectedToken: string | undefined;
  let refreshing: Promise<void> | undefined;

  async function refresh(refreshSTSToken: () => Promise<object>): Promise<void> {
    try {
      Object.assign(raw.options, readCredentials(await refreshSTSToken()));
      raw.stsTokenFreshTime = new Date();
    } catch (cause) {
      // The current credentials may still be valid: OSS decides.
      if (raw.options.stsToken !== rejectedToken) return;
      throw credentialsExpiredError('refreshSTSToken of the ali-oss client failed', { cause });
    }
  }

  return {
    async load() {
      const { stsToken, refreshSTSToken, refreshSTSTokenInterval } = raw.options;
      const age = Date.now() - raw.stsTokenFreshTime.getTime();
      const isDue = age >= refreshSTSTokenInterval || stsToken === rejectedToken;
      if (stsToken && typeof refreshSTSToken === 'function' && isDue) {
        refreshing ??= refresh(() => refreshSTSToken.call(raw.options)).finally(() => {
          refreshing = undefined;
        });
        await refreshing;
      }
      const { accessKeyId, accessKeySecret, stsToken: securityToken } = raw.options;
      return { accessKeyId, accessKeySecret, ...(securityToken && { securityToken }) };
    },
    invalidate(rejected) {
      rejectedToken = rejected.securityToken;
    },
  };
}

/** The members of an ali-oss client that its type declarations do not contain. */
export interface RawClient {
  readonly options: RawOptions;
  stsTokenFreshTime: Date;
  request(params: Readonly<Record<string, unknown>>): Promise<RawResult>;
}

export interface RawOptions {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly stsToken?: string | null;
  readonly bucket?: string | null;
  readonly region: string;
  /** As returned by Node's `url.parse`. */
  readonly endpoint: { readonly protocol: string; readonly host: string };
  readonly cname?: boolean;
  readonly sldEnable?: boolean;
  readonly cloudBoxId?: string;
  readonly authorizationV4?: boolean;
  readonly refreshSTSToken?: (() => Promise<object>) | null;
  readonly refreshSTSTokenInterval: number;
}

export interface RawResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data?: Uint8Array | string | null;
}

/** By the rules of the client: names may start with a capital; the token may be named `securityToken`. */
function readCredentials(
  credentials: object,
): Record<'accessKeyId' | 'accessKeySecret' | 'stsToken', string> {
  const entries = Object.entries(credentials).map(([name, value]) => [
    name.charAt(0).toLowerCase() + name.slice(1),
    value,
  ]);
  const { accessKeyId, accessKeySecret, stsToken, securityToken }: Record<string, unknown> =
    Object.fromEntries(entries);
  const token = securityToken ?? stsToken;
  if (typeof accessKeyId !== 'string' || typeof accessKeySecret !== 'string' || typeof token !== 'string') {
    throw new TypeError('refreshSTSToken must return accessKeyId, accessKeySecret and stsToken');
  }
  return { accessKeyId, accessKeySecret, stsToken: token };
}
