import { createVerify, type KeyObject } from 'node:crypto';
import { UploadError } from '@partway/core';
import type { Fetch } from '@partway/core/oss';
import { type Clock, systemClock } from '@partway/core/ports';
import { readCallbackBody } from './callback-body.ts';
import { createCallbackKeys } from './callback-keys.ts';
import { type CallbackRequest, type ReceivedCallback, receiveCallback } from './callback-request.ts';
import { refusedCallback } from './refused-callback.ts';

export interface CallbackVerifierOptions {
  /**
   * Beginnings of the URLs from which a key is taken, each with scheme, host and a path that ends in `/`. A
   * party that can publish a key below one of them can forge callbacks. Default:
   * `http://gosspublic.alicdn.com/` and `https://gosspublic.alicdn.com/`, OSS's own.
   */
  readonly allowedKeyUrls?: readonly string[] | undefined;
  /** Fetches the key. Default: the `fetch` of the platform. */
  readonly fetch?: Fetch | undefined;
  /** Timeout of the key fetch, 1 to 5000 ms: OSS waits 5 s for the whole reply. Default: 3000. */
  readonly keyTimeoutMs?: number | undefined;
  /** How long a key is kept, 1 s to a week, in ms. Default: 3600000, an hour. */
  readonly keyLifetimeMs?: number | undefined;
  /** Bytes of the body that are read, 1 to 16 MiB. Default: 1048576, 1 MiB. */
  readonly bodySizeMax?: number | undefined;
  /** For the age of keys. Default: the system clock. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/** A callback that OSS signed. */
export interface VerifiedCallback {
  /**
   * The values of the body: strings for a form, any value for JSON. OSS signed it, but the requester of the
   * callback has written it, which may be the owner of another bucket.
   */
  readonly values: Readonly<Record<string, unknown>>;
  /** The body as it came. */
  readonly body: Uint8Array;
}

/** Verifies that callbacks are from OSS. */
export interface CallbackVerifier {
  /**
   * Resolves when OSS has signed this path, query and body. Rejects with an `UploadError`:
   * `signature_mismatch` (OSS has not), `refused` (it is no callback, its key is not from OSS, or it is too
   * long), `network` (the key could not be fetched: respond with 503). The signature covers no time and no
   * host: a callback can be replayed, also to another server. Treat it as a notification, and HEAD the
   * object.
   */
  verify(request: Request | CallbackRequest): Promise<VerifiedCallback>;
}

/**
 * Verifies the callbacks that an application server is sent: RSA PKCS#1 v1.5 with MD5, which is what OSS has,
 * and weak. Keys are fetched from OSS's own host, and kept.
 *
 * @throws TypeError or RangeError that names the option.
 */
export function createCallbackVerifier(options: CallbackVerifierOptions = {}): CallbackVerifier {
  const { bodySizeMax = 1024 ** 2, clock = systemClock, fetch = platformFetch } = options;
  const { keyTimeoutMs = 3000, keyLifetimeMs = 3_600_000, allowedKeyUrls = OSS_KEY_URLS } = options;
  assertWhole('bodySizeMax', bodySizeMax, 1, 16 * 1024 ** 2);
  const keys = createCallbackKeys({
    allowedKeyUrls,
    fetch,
    timeoutMs: assertWhole('keyTimeoutMs', keyTimeoutMs, 1, 5000),
    lifetimeMs: assertWhole('keyLifetimeMs', keyLifetimeMs, 1000, 7 * 86_400_000),
    clock,
  });
  return {
    async verify(request) {
      const received = receiveCallback(request, bodySizeMax);
      const keyUrl = keys.allowed(received.keyUrl);
      const body = await received.body();
      if (!isSigned(await keys.key(keyUrl), received, body)) throw forgedCallback();
      return { values: readCallbackBody(body, received.contentType), body };
    },
  };
}

const OSS_KEY_URLS: readonly string[] = ['http://gosspublic.alicdn.com/', 'https://gosspublic.alicdn.com/'];

const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init);

function isSigned(key: KeyObject, { signature, signedTarget }: ReceivedCallback, body: Uint8Array): boolean {
  try {
    // PKCS#1 v1.5 is what Node takes an RSA key to mean.
    return createVerify('RSA-MD5').update(signedTarget).update('\n').update(body).verify(key, signature);
  } catch (cause) {
    throw refusedCallback('cannot be verified here: this OpenSSL refuses MD5, or a key of 512 bits', cause);
  }
}

function forgedCallback(): UploadError {
  return new UploadError({
    code: 'signature_mismatch',
    message: 'the callback is not signed by OSS as it came',
    disposition: 'permanent',
    context: { operation: 'callback' },
    hint: 'It is forged, or a proxy has changed its path, query or body: give them as OSS sent them.',
  });
}

function assertWhole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
}
