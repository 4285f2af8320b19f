import { type Callback, parseCallback } from '../callback.ts';
import { CALLBACK_URLS_MAX } from './limits.ts';

export interface CallbackOptions {
  /**
   * Where OSS sends its POST: `http:` or `https:`, 1 to 5 URLs, tried in order until one succeeds. Written as
   * `URL` writes them, so that the path and query that OSS signs are those the server reads.
   */
  readonly url: string | readonly string[];
  /** The `Host` header. Default: that of the URL. */
  readonly host?: string | undefined;
  /**
   * The body of the POST, in which OSS fills in `${bucket}`, `${object}`, `${etag}`, `${size}`,
   * `${mimeType}`, `${crc64}` and `${x:name}` for each name of `vars`. In JSON OSS puts the quotes:
   * `{"key":${object}}`.
   */
  readonly body: string;
  /** Default: `application/x-www-form-urlencoded`. */
  readonly bodyType?: 'application/x-www-form-urlencoded' | 'application/json' | undefined;
  /**
   * Variables of your own, by names of `a-z 0-9 _ - .` without `x:`, which is added: `{ user: 'wei' }` is
   * `${x:user}` in the body. Whoever holds the presigned URL of a single PutObject can read them.
   */
  readonly vars?: Readonly<Record<string, string>> | undefined;
  /** Whether OSS names the host in the TLS handshake (SNI). Default: OSS's own, which is not to. */
  readonly sni?: boolean | undefined;
  /** Lets `url` name this machine or a private network, which OSS refuses: for tests. Default: false. */
  readonly allowPrivateAddresses?: boolean | undefined;
}

/**
 * What OSS shall tell an application server once an object is stored: for `createCoordinator`, or for
 * `complete` of an object store. A name that leads to a private address is for OSS to refuse.
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
  const named = Object.entries(vars).map(([name, value]) => [`x:${name}`, value]);
  return parseCallback({
    callback: base64({
      callbackUrl: urls.map((text) => checkedUrl(text, allowPrivateAddresses)).join(';'),
      callbackHost: host,
      callbackBody: body,
      callbackBodyType: bodyType,
      callbackSNI: sni,
    }),
    callbackVar: named.length === 0 ? undefined : base64(Object.fromEntries(named)),
  });
}

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

function checkedUrl(text: string, allowsPrivate: boolean): string {
  if (typeof text !== 'string' || !URL.canParse(text)) throw new TypeError('url must be an absolute URL');
  const { protocol, username, password, hash, hostname, href } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError('url must begin with http or https');
  if (username !== '' || password !== '') throw new TypeError('url must not hold a user name or password');
  if (hash !== '') throw new TypeError('url must not have a fragment, which no server is sent');
  // OSS takes it for the end of one URL and the beginning of the next.
  if (href.includes(';')) throw new TypeError('url must not hold a semicolon: write %3B, or give a list');
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('url holds half a surrogate pair');
  if (!allowsPrivate && isPrivate(hostname)) {
    throw new TypeError(
      'url must not name this machine or a private network: OSS refuses to call it (allowPrivateAddresses)',
    );
  }
  return href;
}

/** `URL` has brought every way to write an address (`127.1`, `0x7f000001`) into one form. */
function isPrivate(hostname: string): boolean {
  if (hostname.startsWith('[')) return !GLOBAL_IPV6.test(hostname);
  if (/^\d+(?:\.\d+){3}$/.test(hostname)) return PRIVATE_IPV4.some((network) => network.test(hostname));
  return /(?:^|\.)localhost\.?$/.test(hostname);
}

/** This machine, private networks, those of carriers, of one link, multicast and what is reserved. */
const PRIVATE_IPV4: readonly RegExp[] = [
  /^(?:0|10|127|169\.254|192\.168)\./,
  /^172\.(?:1[6-9]|2\d|3[01])\./,
  /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^2(?:2[4-9]|[345]\d)\./,
];
/** All that is routed lies in 2000::/3; loopback, link and site, and mapped addresses of IPv4 do not. */
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
    throw new TypeError('body must be a string that is not empty, without lone surrogates');
  }
  for (const [variable, name = ''] of body.matchAll(/\$\{x:([^}]*)\}/g)) {
    if (!Object.hasOwn(vars, name)) throw new TypeError(`body names ${variable}, which vars does not have`);
  }
  if (bodyType === JSON_TYPE && !isJson(body.replace(/\$\{[^}]*\}/g, '""'))) {
    throw new TypeError('body must be JSON once OSS has put a quoted text in place of each variable');
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

/** What is `undefined` is left out. */
function base64(value: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
