import { UploadError } from '@partway/core';
import type { OssCredentials } from '@partway/core/oss';

export interface AliOssCredentials {
  current(): Promise<OssCredentials>;
  invalidate(refused: OssCredentials): void;
}

/**
 * The client's credentials, renewed by its own `refreshSTSToken`: once for all who wait, written in one go.
 */
export function createAliOssCredentials(raw: RawClient): AliOssCredentials {
  let refusedToken: string | undefined;
  let refreshing: Promise<void> | undefined;

  async function refresh(ask: () => Promise<object>): Promise<void> {
    try {
      Object.assign(raw.options, credentialsIn(await ask()));
      raw.stsTokenFreshTime = new Date();
    } catch (reason) {
      // The current credentials may still be valid: OSS decides.
      if (raw.options.stsToken !== refusedToken) return;
      const message = 'refreshSTSToken of the ali-oss client failed';
      throw new UploadError({
        code: 'credentials_expired',
        message,
        disposition: 'transient',
        cause: reason,
      });
    }
  }

  return {
    async current() {
      const { stsToken, refreshSTSToken, refreshSTSTokenInterval } = raw.options;
      const age = Date.now() - raw.stsTokenFreshTime.getTime();
      const isDue = age >= refreshSTSTokenInterval || stsToken === refusedToken;
      if (stsToken && typeof refreshSTSToken === 'function' && isDue) {
        refreshing ??= refresh(() => refreshSTSToken.call(raw.options)).finally(() => {
          refreshing = undefined;
        });
        await refreshing;
      }
      const { accessKeyId, accessKeySecret, stsToken: securityToken } = raw.options;
      return { accessKeyId, accessKeySecret, ...(securityToken && { securityToken }) };
    },
    invalidate(refused) {
      refusedToken = refused.securityToken;
    },
  };
}

/** An ali-oss client at run time, with members that its types omit. */
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
  /** As Node's `url.parse` gives it. */
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

/** The client's own rules: names may begin with a capital, and the token may be called `securityToken`. */
function credentialsIn(given: object): Record<'accessKeyId' | 'accessKeySecret' | 'stsToken', string> {
  const entries = Object.entries(given).map(([name, value]) => [
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
