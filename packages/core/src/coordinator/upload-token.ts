import { CompactEncrypt, compactDecrypt } from 'jose';
import type { Callback } from '../callback.ts';
import { UploadError } from '../errors.ts';
import type { ObjectOptions } from '../ports.ts';
import { importTokenKey } from '../system.ts';

/** The rights of one upload. The client carries them, encrypted, in the upload token. */
export interface UploadGrant {
  /** The only bucket that the token is valid for. */
  readonly bucket: string;
  /** The only object key that the token is valid for. */
  readonly key: string;
  /** `undefined` for a single PutObject. */
  readonly uploadId: string | undefined;
  /** Bytes, as declared; `undefined` for a stream. */
  readonly size: number | undefined;
  /** Bytes of every part except the last; for a stream, bytes of the first part. */
  readonly partSize: number;
  /** The most bytes a stream may have. Default: the limit of OSS, 48.8 TB. */
  readonly sizeMax?: number | undefined;
  /** The options of the object. A presigned PutObject contains them; no client can change them. */
  readonly object: ObjectOptions;
  /** The only principal that may use the token; `undefined` without `identify`: the token alone is enough. */
  readonly principal?: string | undefined;
  /** Marks the object as created by this upload, in `x-oss-meta-partway-upload`. */
  readonly nonce: string;
  /** The callback that OSS sends to an application server when the object is stored. Default: none. */
  readonly callback?: Callback | undefined;
  /** Milliseconds since the epoch. From then on the token is valid for abort only. */
  readonly expiresAt: number;
}

/** A secret key that encrypts upload tokens. */
export interface TokenKey {
  /** The ID of the key, which tokens contain so that keys can be rotated. Not secret, unique, not empty. */
  readonly kid: string;
  /** Exactly 32 random bytes. */
  readonly key: Uint8Array;
}

/** Turns grants into upload tokens and back. */
export interface UploadTokens {
  /** Encrypts a grant. Resolves with the upload token: printable ASCII of at most 32768 characters. */
  seal(grant: UploadGrant): Promise<string>;
  /**
   * Decrypts a token. `now` is in milliseconds since the epoch. Rejects with code `token_refused` for an
   * invalid token and for an expired one, with the same message in each case.
   */
  open(token: string, now: number): Promise<UploadGrant>;
}

/**
 * Upload tokens as JWE (`dir`, A256GCM): clients can neither read nor change them. The first key seals, every
 * key opens.
 *
 * @throws TypeError or RangeError for an empty list, an empty or repeated `kid`, or a key that is not 32
 * bytes.
 */
export function createUploadTokens(keys: readonly TokenKey[]): UploadTokens {
  const [sealing] = keys;
  if (sealing === undefined) throw new TypeError('tokenKeys must have at least one key');
  for (const { kid, key } of keys) {
    if (kid === '') throw new TypeError('tokenKeys: every key needs a kid');
    if (key.length !== 32) throw new RangeError(`tokenKeys: key ${kid} must be 32 bytes, got ${key.length}`);
  }
  const importSealingKey = importOnce(sealing.key);
  const importers = new Map(keys.map(({ kid, key }) => [kid, importOnce(key)]));
  if (importers.size !== keys.length) throw new TypeError('tokenKeys: every key needs a kid of its own');

  /** Grants of recently sealed or opened tokens, by token: these are not decrypted again. */
  const recent = new Map<string, UploadGrant>();

  function remember(token: string, grant: UploadGrant): void {
    const [oldest] = recent.keys();
    if (oldest !== undefined && recent.size >= RECENT_MAX) recent.delete(oldest);
    recent.set(token, grant);
  }

  return {
    async seal(grant) {
      const text = JSON.stringify(grant);
      const token = await new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: sealing.kid })
        .encrypt(await importSealingKey());
      // A copy: the caller may change its own object.
      remember(token, parseGrant(text));
      return token;
    },
    async open(token, now) {
      const grant = recent.get(token) ?? (await decrypt(token, importers));
      if (grant === undefined || grant.expiresAt <= now) throw tokenRefusedError();
      if (!recent.has(token)) remember(token, grant);
      return grant;
    },
  };
}

/** Imports a key at its first use, and once: an import takes half as long as an encryption. */
function importOnce(key: Uint8Array): () => Promise<CryptoKey> {
  const bytes = Uint8Array.from(key);
  let imported: Promise<CryptoKey> | undefined;
  return () => {
    imported ??= importTokenKey(bytes);
    return imported;
  };
}

/** About a kilobyte each. */
const RECENT_MAX = 1000;

/** JSON leaves out members that are `undefined`. */
function parseGrant(text: string): UploadGrant {
  const grant = JSON.parse(text) as UploadGrant;
  return { ...grant, uploadId: grant.uploadId, size: grant.size };
}

async function decrypt(
  token: string,
  importers: ReadonlyMap<string, () => Promise<CryptoKey>>,
): Promise<UploadGrant | undefined> {
  try {
    const { plaintext } = await compactDecrypt(
      token,
      ({ kid }) => {
        const importKey = importers.get(kid ?? '');
        if (importKey === undefined) throw new TypeError('no such key');
        return importKey();
      },
      { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
    );
    // The decryption is authenticated: these bytes are our own.
    return parseGrant(new TextDecoder().decode(plaintext));
  } catch {
    // The reason is dropped: it would help an attacker who forges tokens.
    return undefined;
  }
}

/** The one error for all invalid tokens, so that it reveals nothing about them. */
export function tokenRefusedError(): UploadError {
  return new UploadError({
    code: 'token_refused',
    message: 'the upload token is not valid',
    disposition: 'permanent',
    hint: 'It has expired, or was sealed with a key this coordinator does not hold. Start the upload again.',
  });
}
