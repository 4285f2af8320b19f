import { createVerify, type KeyObject } from 'node:crypto';
import type { Fetch } from '@partway/core/oss';
import { type Clock, systemClock } from '@partway/core/ports';
import { forgedCallbackError, refusedCallbackError } from './callback-errors.ts';
import { createCallbackKeys } from './callback-keys.ts';
import { type CallbackRequest, type ReceivedCallback, receiveCallback } from './callback-request.ts';

/** Options of {@link createCallbackVerifier}. */
export interface CallbackVerifierOptions {
  /**
   * Prefixes of the URLs from which a key may be fetched, each with a scheme, a host and a path that ends in
   * `/`. A party that can publish a key below one of them can forge callbacks. Default: those of OSS,
   * `http://gosspublic.alicdn.com/` and `https://gosspublic.alicdn.com/`.
   */
  readonly allowedKeyUrls?: readonly string[] | undefined;
  /** Fetches the key. Default: the `fetch` of the platform. */
  readonly fetch?: Fetch | undefined;
  /**
   * How long fetching the key may take, 1 to 5000 ms: OSS waits 5 s for the whole response. Default: 3000.
   */
  readonly keyTimeoutMs?: number | undefined;
  /** How long a key is cached, 1000 (1 s) to 604800000 (a week) ms. Default: 3600000, an hour. */
  readonly keyLifetimeMs?: number | undefined;
  /** The longest body that is read, in bytes, 1 to 16777216 (16 MiB). Default: 1048576, 1 MiB. */
  readonly bodySizeMax?: number | undefined;
  /** The clock by which cached keys expire. Default: the clock of the machine. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/** A callback with a valid signature of OSS. */
export interface VerifiedCallback {
  /**
   * The values of the body: texts for a form, any JSON values for JSON. OSS has signed them, but they were
   * written by the party that requested the callback, which can be the owner of another bucket.
   */
  readonly values: Readonly<Record<string, unknown>>;
  /** The body as received. */
  readonly body: Uint8Array;
}

/** Verifies the signatures of callbacks. */
export interface CallbackVerifier {
  /**
   * Resolves if OSS has signed this path, query and body. Rejects with an `UploadError` otherwise:
   * `signature_mismatch` (OSS has not signed it), `refused` (it is not a callback, its key is not from OSS,
   * or it is too long), `network` (the key could not be fetched: respond with 503). The signature covers no
   * time and no host: a callback can be replayed, or be meant for another server. Take it as a hint, and HEAD
   * the object.
   */
  verify(request: Request | CallbackRequest): Promise<VerifiedCallback>;
}

/**
 * Makes a verifier of the callbacks that OSS sends to an application server. Their signature is RSA PKCS#1
 * v1.5 with MD5, which is weak. Keys are fetched from OSS's own host, and cached. Throws a `TypeError` or
 * `RangeError` that names the invalid option.
 */
export function createCallbackVerifier(options: CallbackVerifierOptions = {}): CallbackVerifier {
  const { bodySizeMax = 1024 ** 2, clock = systemClock, fetch = platformFetch } = options;
  const { keyTimeoutMs = 3000, keyLifetimeMs = 3_600_000, allowedKeyUrls = OSS_KEY_URLS } = options;
  assertInteger('bodySizeMax', bodySizeMax, 1, 16 * 1024 ** 2);
  assertInteger('keyTimeoutMs', keyTimeoutMs, 1, 5000);
  assertInteger('keyLifetimeMs', keyLifetimeMs, 1000, 7 * 86_400_000);
  const limits = { timeoutMs: keyTimeoutMs, lifetimeMs: keyLifetimeMs };
  const keys = createCallbackKeys({ allowedKeyUrls, fetch, clock, ...limits });
  return {
    async verify(request) {
      const received = receiveCallback(request, bodySizeMax);
      const keyUrl = keys.resolveUrl(received.keyUrl);
      const body = await received.readBody();
      if (!isSigned(await keys.load(keyUrl), received, body)) throw forgedCallbackError();
      return { values: parseBody(body, received.contentType), body };
    },
  };
}

const OSS_KEY_URLS: readonly string[] = ['http://gosspublic.alicdn.com/', 'https://gosspublic.alicdn.com/'];

const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init);

function isSigned(key: KeyObject, { signature, signedTarget }: ReceivedCallback, body: Uint8Array): boolean {
  try {
    // For an RSA key Node uses PKCS#1 v1.5.
    return createVerify('RSA-MD5').update(signedTarget).update('\n').update(body).verify(key, signature);
  } catch (cause) {
    throw refusedCallbackError('cannot be verified: this OpenSSL rejects MD5, or keys of 512 bits', cause);
  }
}

/** Parses a body of either type that OSS sends. */
function parseBody(body: Uint8Array, contentType: string): Readonly<Record<string, unknown>> {
  const text = decodeUtf8(body);
  return /^application\/json\b/i.test(contentType) ? parseJsonObject(text) : parseForm(text);
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw refusedCallbackError('has a body that is not UTF-8');
  }
}

function parseJsonObject(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw refusedCallbackError('has a body that is not a JSON object');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Rejects repeated names: two readers of the form could use different values. */
function parseForm(text: string): Readonly<Record<string, unknown>> {
  const pairs = [...new URLSearchParams(text)];
  if (new Set(pairs.map(([name]) => name)).size === pairs.length) return Object.fromEntries(pairs);
  throw refusedCallbackError('has a body that repeats a name');
}

function assertInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
}
