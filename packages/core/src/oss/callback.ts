import { type Callback, parseCallback } from '../callback.ts';
import { CALLBACK_URLS_MAX } from './limits.ts';

/** A callback to an application server. */
export interface CallbackOptions {
  /**
   * The URLs of OSS's POST: `http:` or `https:`, 1 to 5, tried in order until one succeeds. Normalized by
   * `URL`, so that OSS signs the path and query that the server receives.
   */
  readonly url: string | readonly string[];
  /** The `Host` header. Default: that of the URL. */
  readonly host?: string | undefined;
  /**
   * The body of the POST. OSS replaces `${bucket}`, `${object}`, `${etag}`, `${size}`, `${mimeType}`,
   * `${crc64}` and `${x:name}` for each name of `vars`. In JSON OSS adds the quotes: `{"key":${object}}`.
   */
  readonly body: string;
  /** Default: `application/x-www-form-urlencoded`. */
  readonly bodyType?: 'application/x-www-form-urlencoded' | 'application/json' | undefined;
  /**
   * Custom variables, by names of `a-z 0-9 _ - .` without the prefix `x:`: `{ user: 'wei' }` is `${x:user}`
   * in the body. The holder of the presigned URL of a single PutObject can read them. Default: none.
   */
  readonly vars?: Readonly<Record<string, string>> | undefined;
  /** Whether OSS sends the host in the TLS handshake (SNI). Default: OSS's default, which is no. */
  readonly sni?: boolean | undefined;
  /** Allows URLs of this machine or a private network, which OSS rejects: for tests. Default: false. */
  readonly allowPrivateAddresses?: boolean | undefined;
}

/**
 * A callback of OSS to an application server after the object is stored: for `createCoordinator`, or for
 * `complete` of an object store. A host name that resolves to a private address is not detected here; OSS
 * rejects it.
 *
 * @throws TypeError or RangeError that names the option.
 */
export function callback(options: CallbackOptions): Callback {
  const { url, host, body, bodyType = FORM, vars = {}, sni, allowPrivateAddresses = false } = options;
  const urls = typeof url === 'string' ? [url] : url;
  if (!Array.isArray(urls) || urls.length < 1 || urls.length > CALLBACK_URLS_MAX) {
    throw new RangeError(`url must be 1 to ${CALLBACK_URLS_MAX} URLs`);
  }
  if (host !== undefined && !HOST.test(host)) throw new TypeError('host must be like app.example.com:8080');
  if (bodyType !== FORM && bodyType !== JSON_TYPE) {
    throw new TypeError(`bodyType must be ${FORM} or ${JSON_TYPE}`);
  }
  if (sni !== undefined && typeof sni !== 'boolean') throw new TypeError('sni must be true or false');
  assertVars(vars);
  assertBody(body, bodyType, vars);
  const variables = Object.entries(vars).map(([name, value]) => [`x:${name}`, value]);
  return parseCallback({
    callback: encodeJsonAsBase64({
      callbackUrl: urls.map((text) => validateUrl(text, allowPrivateAddresses)).join(';'),
      callbackHost: host,
      callbackBody: body,
      callbackBodyType: bodyType,
      callbackSNI: sni,
    }),
    callbackVar: variables.length === 0 ? undefined : encodeJsonAsBase64(Object.fromEntries(variables)),
  });
}

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

function validateUrl(text: string, allowsPrivate: boolean): string {
  if (typeof text !== 'string' || !URL.canParse(text)) throw new TypeError('url must be an absolute URL');
  const { protocol, username, password, hash, hostname, href } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError('url must start with http or https');
  if (username !== '' || password !== '') throw new TypeError('url must not contain a user name or password');
  if (hash !== '') throw new TypeError('url must not have a fragment, which is never sent to a server');
  // OSS reads it as the separator of two URLs.
  if (href.includes(';')) throw new TypeError('url must not contain a semicolon: write %3B, or pass a list');
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('url contains a lone surrogate');
  if (!allowsPrivate && isPrivate(hostname)) {
    throw new TypeError(
      'url must not point to this machine or a private network: OSS does not call it (allowPrivateAddresses)',
    );
  }
  return href;
}

/** `URL` has normalized all notations of an address (`127.1`, `0x7f000001`). */
function isPrivate(hostname: string): boolean {
  if (hostname.startsWith('[')) return !GLOBAL_IPV6.test(hostname);
  if (/^\d+(?:\.\d+){3}$/.test(hostname)) return PRIVATE_IPV4.some((network) => network.test(hostname));
  return /(?:^|\.)localhost\.?$/.test(hostname);
}

/** This machine, private networks, carrier-grade NAT, link-local, multicast and reserved addresses. */
const PRIVATE_IPV4: readonly RegExp[] = [
  /^(?:0|10|127|169\.254|192\.168)\./,
  /^172\.(?:1[6-9]|2\d|3[01])\./,
  /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^2(?:2[4-9]|[345]\d)\./,
];
/** All global addresses are in 2000::/3; loopback, link-local, site-local and mapped IPv4 are not. */
const GLOBAL_IPV6 = /^\[[23][0-9a-f]{3}:/;

function assertVars(vars: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(vars)) {
    if (!/^[a-z0-9_.-]+$/.test(name)) {
      throw new TypeError(`vars name ${JSON.stringify(name)} must be of a-z, 0-9, _, - and ., without x:`);
    }
    if (typeof value !== 'string' || /\p{Surrogate}/u.test(value)) {
      throw new TypeError(`vars.${name} must be a string without lone surrogates`);
    }
  }
}

function assertBody(body: string, bodyType: string, vars: Readonly<Record<string, string>>): void {
  if (typeof body !== 'string' || body === '' || /\p{Surrogate}/u.test(body)) {
    throw new TypeError('body must be a non-empty string without lone surrogates');
  }
  for (const [variable, name = ''] of body.matchAll(/\$\{x:([^}]*)\}/g)) {
    if (!Object.hasOwn(vars, name))
      throw new TypeError(`body contains ${variable}, but vars does not have it`);
  }
  if (bodyType === JSON_TYPE && !isJson(body.replace(/\$\{[^}]*\}/g, '""'))) {
    throw new TypeError('body must be JSON after OSS replaces each variable by a quoted text');
  }
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Without `undefined` values. */
function encodeJsonAsBase64(value: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
