import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Fetch } from '@partway/core/oss';
import type { Clock } from '@partway/core/ports';
import { keyFetchError, refusedCallbackError } from './callback-errors.ts';

export interface CallbackKeysOptions {
  readonly allowedKeyUrls: readonly string[];
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly lifetimeMs: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** The public keys of OSS, fetched from the URLs at which OSS publishes them, and cached. */
export interface CallbackKeys {
  /** Returns the URL to fetch the key from. Throws `refused` if it is not below an allowed URL. */
  resolveUrl(keyUrl: string): string;
  /** Rejects with `network` if the key cannot be fetched. */
  load(url: string): Promise<KeyObject>;
}

export function createCallbackKeys({
  allowedKeyUrls,
  clock,
  lifetimeMs,
  ...fetchOptions
}: CallbackKeysOptions): CallbackKeys {
  const prefixes = allowedKeyUrls.map(parsePrefix);
  const cache = new Map<string, CachedKey>();

  function isAllowed(keyUrl: string): boolean {
    const url = URL.canParse(keyUrl) ? new URL(keyUrl) : undefined;
    // A URL that the parser changes is an attack. A query or fragment would make many keys of one.
    const isPlain = url?.href === keyUrl && !/[?#]/.test(keyUrl);
    return isPlain && prefixes.some(({ href, origin }) => keyUrl.startsWith(href) && url.origin === origin);
  }

  return {
    resolveUrl(keyUrl) {
      if (!isAllowed(keyUrl)) throw refusedCallbackError('names a key that is not published by OSS');
      // Over http an attacker on the network could replace the key.
      const secureUrl = keyUrl.replace(/^http:/, 'https:');
      return isAllowed(secureUrl) ? secureUrl : keyUrl;
    },
    load(url) {
      const cached = cache.get(url);
      if (cached !== undefined && clock.now() < cached.expiresAt) return cached.key;
      const key = fetchKey(url, fetchOptions);
      for (const [other, { expiresAt }] of cache) if (clock.now() >= expiresAt) cache.delete(other);
      // The caller is not authenticated yet: an attacker who names many keys must not evict the key of OSS.
      if (cache.size >= CACHED_KEYS_MAX) return key;
      const entry = { key, expiresAt: clock.now() + lifetimeMs };
      cache.set(url, entry);
      // After a failure the next callback fetches the key again.
      key.catch(() => cache.get(url) === entry && cache.delete(url));
      return key;
    },
  };
}

interface CachedKey {
  readonly key: Promise<KeyObject>;
  readonly expiresAt: number;
}

/** OSS has one or two. */
const CACHED_KEYS_MAX = 8;
const KEY_SIZE_MAX = 8 * 1024;

function parsePrefix(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPrefix = url?.href === text && /^https?:$/.test(url.protocol) && /^[^@?#]*\/$/.test(text);
  if (url !== undefined && isPrefix) return url;
  throw new TypeError('allowedKeyUrls must be URLs like https://gosspublic.alicdn.com/, each ending in /');
}

async function fetchKey(
  url: string,
  { fetch, timeoutMs }: Pick<CallbackKeysOptions, 'fetch' | 'timeoutMs'>,
): Promise<KeyObject> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { redirect: 'error', signal });
    if (response.status !== 200) throw new Error(`unexpected status ${response.status}`);
    return parsePublicKey(await readKey(response));
  } catch (cause) {
    throw keyFetchError(cause);
  }
}

async function readKey({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > KEY_SIZE_MAX) throw new Error(`the key is longer than ${KEY_SIZE_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}

function parsePublicKey(pem: string): KeyObject {
  if (!pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) throw new Error('not a public key in PEM');
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'rsa') throw new Error('not an RSA key');
  return key;
}
