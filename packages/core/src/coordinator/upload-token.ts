import { CompactEncrypt, compactDecrypt } from 'jose';
import type { Callback } from '../callback.ts';
import { UploadError } from '../errors.ts';
import type { ObjectOptions } from '../ports.ts';
import { importTokenKey } from '../system.ts';

/** What one upload may do, and nothing else. Travels sealed in its token. */
export interface UploadGrant {
  readonly bucket: string;
  readonly key: string;
  /** `undefined` for a single PutObject. */
  readonly uploadId: string | undefined;
  /** `undefined` for a stream: it ends where it ends. */
  readonly size: number | undefined;
  /** Of every part but the last; of a stream, the first part. */
  readonly partSize: number;
  /** Bytes the object may have at most, where the size is not known. Default: what OSS takes. */
  readonly sizeMax?: number | undefined;
  readonly object: ObjectOptions;
  /** Who began the upload, and alone may go on with it. `undefined`: whoever holds the token. */
  readonly principal?: string | undefined;
  /** Marks the object, as `x-oss-meta-partway-upload`, as made by this upload. */
  readonly nonce: string;
  /** What OSS tells an application server when the object is stored. Default: nothing. */
  readonly callback?: Callback | undefined;
  /** No verb is granted from this instant on. */
  readonly expiresAt: number;
}

/** A secret that seals upload tokens. */
export interface TokenKey {
  /** Names the key inside the token, so that keys can be rotated. Not secret. */
  readonly kid: string;
  /** 32 random bytes. */
  readonly key: Uint8Array;
}

/** Semaphore grants into tokens and back. */
export interface UploadTokens {
  seal(grant: UploadGrant): Promise<string>;
  /** Rejects with code `token_refused`, always in the same words, whatever is wrong with the token. */
  open(token: string, now: number): Promise<UploadGrant>;
}

/** The first key seals; every key opens. Tokens are JWE (`dir`, A256GCM): nobody can read or change them. */
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

  /** Grants by their tokens: one that was sealed or opened of late need not be deciphered again. */
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

/** Imports a key when it is first needed, and once: that takes half as long as to seal with it. */
function importedOnce(key: Uint8Array): () => Promise<CryptoKey> {
  const bytes = Uint8Array.from(key);
  let imported: Promise<CryptoKey> | undefined;
  return () => {
    imported ??= importTokenKey(bytes);
    return imported;
  };
}

/** Of a kilobyte each, seldom more. */
const KNOWN_MAX = 1000;

/** Our own JSON, which leaves out what is `undefined`. */
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
    // The seal proves that these bytes are ours.
    return grantIn(new TextDecoder().decode(plaintext));
  } catch {
    // Whatever failed, the answer must not tell a forger how far he got.
    return undefined;
  }
}

/** Whatever is wrong with a token, it is refused in these words. */
export function tokenRefusedError(): UploadError {
  return new UploadError({
    code: 'token_refused',
    message: 'the upload token is not valid',
    disposition: 'permanent',
    hint: 'It has expired, or was sealed with a key this coordinator does not hold. Start the upload again.',
  });
}
