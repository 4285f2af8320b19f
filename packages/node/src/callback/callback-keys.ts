import { createPublicKey, type KeyObject } from 'node:crypto';
import { UploadError } from '@partway/core';
import type { Fetch } from '@partway/core/oss';
import type { Clock } from '@partway/core/ports';
import { refusedCallback } from './refused-callback.ts';

export interface CallbackKeysOptions {
  readonly allowedKeyUrls: readonly string[];
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly lifetimeMs: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** The public keys of OSS, from where OSS publishes them. */
export interface CallbackKeys {
  /** The URL to fetch the key from. Throws `refused` where it is not one of those allowed. */
  allowed(keyUrl: string): string;
  /** Rejects with `network` where the key cannot be had now. */
  key(url: string): Promise<KeyObject>;
}

export function createCallbackKeys({
  allowedKeyUrls,
  clock,
  lifetimeMs,
  ...from
}: CallbackKeysOptions): CallbackKeys {
  const places = allowedKeyUrls.map(placeOf);
  const kept = new Map<string, KeptKey>();

  function isAllowed(keyUrl: string): boolean {
    const url = URL.canParse(keyUrl) ? new URL(keyUrl) : undefined;
    // As it stands and as it is understood: what the two take differently is a trick. A query or a fragment
    // would make many keys of one.
    const isPlain = url?.href === keyUrl && !/[?#]/.test(keyUrl);
    return isPlain && places.some((place) => keyUrl.startsWith(place.href) && url.origin === place.origin);
  }

  return {
    allowed(keyUrl) {
      if (!isAllowed(keyUrl)) throw refusedCallback('names a key that is not published by OSS');
      // An attacker on the path could replace the key in a response over http.
      const secure = keyUrl.replace(/^http:/, 'https:');
      return isAllowed(secure) ? secure : keyUrl;
    },
    key(url) {
      const found = kept.get(url);
      if (found !== undefined && clock.now() < found.expiresAt) return found.key;
      const key = fetchKey(url, from);
      for (const [old, { expiresAt }] of kept) if (clock.now() >= expiresAt) kept.delete(old);
      // Unauthenticated: an attacker who names many keys must not evict the key of OSS.
      if (kept.size >= KEPT_MAX) return key;
      const keeping = { key, expiresAt: clock.now() + lifetimeMs };
      kept.set(url, keeping);
      // The next callback fetches it again.
      key.catch(() => kept.get(url) === keeping && kept.delete(url));
      return key;
    },
  };
}

interface KeptKey {
  readonly key: Promise<KeyObject>;
  readonly expiresAt: number;
}

/** OSS has one or two. */
const KEPT_MAX = 8;
const KEY_SIZE_MAX = 8 * 1024;

function placeOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlace = url?.href === text && /^https?:$/.test(url.protocol) && /^[^@?#]*\/$/.test(text);
  if (url !== undefined && isPlace) return url;
  throw new TypeError('allowedKeyUrls must be like https://gosspublic.alicdn.com/, each ending in /');
}

async function fetchKey(
  url: string,
  { fetch, timeoutMs }: Pick<CallbackKeysOptions, 'fetch' | 'timeoutMs'>,
): Promise<KeyObject> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { redirect: 'error', signal });
    if (response.status !== 200) throw new Error(`the key server responded with ${response.status}`);
    return publicKey(await readKey(response));
  } catch (cause) {
    throw new UploadError({
      code: 'network',
      message: 'the key that the callback is signed with could not be fetched',
      disposition: 'transient',
      context: { operation: 'callback' },
      cause,
    });
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

function publicKey(pem: string): KeyObject {
  if (!pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) throw new Error('it is no public key');
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'rsa') throw new Error('it is no key of RSA');
  return key;
}
