import { CompactEncrypt, compactDecrypt } from 'jose';
import type { Callback } from '../callback.ts';
import { UploadError } from '../errors.ts';
import type { ObjectOptions } from '../ports.ts';
import { importTokenKey } from '../system.ts';

/** The rights of one upload. Travels sealed in its token. */
export interface UploadGrant {
  /** The bucket of the object. */
  readonly bucket: string;
  /** The key of the object. */
  readonly key: string;
  /** `undefined` for a single PutObject. */
  readonly uploadId: string | undefined;
  /** Bytes; `undefined` for a stream, which declares no size. */
  readonly size: number | undefined;
  /** Bytes of every part but the last; for a stream, of the first part. */
  readonly partSize: number;
  /** Maximum bytes of the object, where the size is not declared. Default: the maximum of OSS, 48.8 TB. */
  readonly sizeMax?: number | undefined;
  /** The options of the object, set at Initiate. */
  readonly object: ObjectOptions;
  /** The only principal that may use the token. `undefined`: any holder of the token. */
  readonly principal?: string | undefined;
  /** Identifies the object of this upload, as `x-oss-meta-partway-upload`. */
  readonly nonce: string;
  /** The callback that OSS sends to an application server after storing the object. Default: none. */
  readonly callback?: Callback | undefined;
  /** Milliseconds since the epoch from which no verb is granted. */
  readonly expiresAt: number;
}

/** A secret that seals upload tokens. */
export interface TokenKey {
  /** Names the key inside the token, so that keys can be rotated. Not secret. */
  readonly kid: string;
  /** 32 random bytes. */
  readonly key: Uint8Array;
}

/** Seals grants into tokens and opens them. */
export interface UploadTokens {
  /** Resolves with the token of a grant. */
  seal(grant: UploadGrant): Promise<string>;
  /** Rejects with `token_refused` for every invalid token, always with the same message. `now` is in ms. */
  open(token: string, now: number): Promise<UploadGrant>;
}

/**
 * The first key seals; every key opens. Tokens are JWE (`dir`, A256GCM): encrypted and authenticated.
 * Throws a `TypeError` or `RangeError` for an invalid key.
 */
export function createUploadTokens(keys: readonly TokenKey[]): UploadTokens {
  const [sealing] = keys;
  if (sealing === undefined) throw new TypeError('tokenKeys must hold at least one key');
  for (const { kid, key } of keys) {
    if (kid === '') throw new TypeError('tokenKeys: every key needs a kid');
    if (key.length !== 32) throw new RangeError(`tokenKeys: key ${kid} must be 32 bytes, got ${key.length}`);
  }
  const sealingKey = importedOnce(sealing.key);
  const keyOf = new Map(keys.map(({ kid, key }) => [kid, importedOnce(key)]));
  if (keyOf.size !== keys.length) throw new TypeError('tokenKeys: every kid must differ');

  /** Grants by token: a recently sealed or opened token is not decrypted again. */
  const known = new Map<string, UploadGrant>();

  function remember(token: string, grant: UploadGrant): void {
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= KNOWN_MAX) known.delete(oldest);
    known.set(token, grant);
  }

  return {
    async seal(grant) {
      const text = JSON.stringify(grant);
      const token = await new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: sealing.kid })
        .encrypt(await sealingKey());
      // As it was sealed: the caller's own object may change.
      remember(token, grantIn(text));
      return token;
    },
    async open(token, now) {
      const grant = known.get(token) ?? (await decrypt(token, keyOf));
      if (grant === undefined || grant.expiresAt <= now) throw tokenRefusedError();
      if (!known.has(token)) remember(token, grant);
      return grant;
    },
  };
}

/** Imports a key once, at its first use: an import takes half as long as sealing. */
function importedOnce(key: Uint8Array): () => Promise<CryptoKey> {
  const bytes = Uint8Array.from(key);
  let imported: Promise<CryptoKey> | undefined;
  return () => {
    imported ??= importTokenKey(bytes);
    return imported;
  };
}

/** About a kilobyte each. */
const KNOWN_MAX = 1000;

/** Parses our own JSON, which omits `undefined`. */
function grantIn(text: string): UploadGrant {
  const grant = JSON.parse(text) as UploadGrant;
  return { ...grant, uploadId: grant.uploadId, size: grant.size };
}

async function decrypt(
  token: string,
  keyOf: ReadonlyMap<string, () => Promise<CryptoKey>>,
): Promise<UploadGrant | undefined> {
  try {
    const { plaintext } = await compactDecrypt(
      token,
      ({ kid }) => {
        const importKey = keyOf.get(kid ?? '');
        if (importKey === undefined) throw new TypeError('no such key');
        return importKey();
      },
      { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
    );
    // The authentication tag proves that these bytes are ours.
    return grantIn(new TextDecoder().decode(plaintext));
  } catch {
    // The response must not reveal to an attacker which check failed.
    return undefined;
  }
}

/** The error of every invalid token. */
export function tokenRefusedError(): UploadError {
  return new UploadError({
    code: 'token_refused',
    message: 'the upload token is not valid',
    disposition: 'permanent',
    hint: 'It has expired, or was sealed with a key this coordinator does not hold. Start the upload again.',
  });
}
