import type { ObjectOptions } from '../ports.ts';
import { METADATA_SIZE_MAX, TAG_NAME_LENGTH_MAX, TAG_VALUE_LENGTH_MAX, TAGS_MAX } from './limits.ts';
import { uriEncode } from './signing/uri-encode.ts';

/**
 * The headers for the options of an object, names in lower case: for InitiateMultipartUpload, and, together
 * with `aclHeader`, for PutObject. Empty texts are omitted, because browsers use `''` for an unknown type.
 *
 * @throws TypeError or RangeError that names the option.
 */
export function objectHeaders(object: ObjectOptions): Record<string, string> {
  return {
    ...textHeader('content-type', 'contentType', object.contentType),
    ...textHeader('cache-control', 'cacheControl', object.cacheControl),
    ...textHeader('content-disposition', 'contentDisposition', object.contentDisposition),
    ...textHeader('content-encoding', 'contentEncoding', object.contentEncoding),
    ...textHeader('expires', 'expires', object.expires),
    ...metadataHeaders(object.metadata ?? {}),
    ...taggingHeader(object.tagging ?? {}),
    ...choiceHeader('x-oss-storage-class', 'storageClass', object.storageClass, STORAGE_CLASSES),
    ...choiceHeader('x-oss-server-side-encryption', 'serverSideEncryption', object.serverSideEncryption, [
      'AES256',
      'KMS',
      'SM4',
    ]),
    ...choiceHeader(
      'x-oss-server-side-data-encryption',
      'serverSideDataEncryption',
      object.serverSideDataEncryption,
      ['SM4'],
    ),
    ...textHeader(
      'x-oss-server-side-encryption-key-id',
      'serverSideEncryptionKeyId',
      object.serverSideEncryptionKeyId,
    ),
    ...forbidOverwriteHeader(object.forbidOverwrite),
  };
}

/** The ACL is a header of PutObject or of CompleteMultipartUpload; OSS ignores it in Initiate. */
export function aclHeader(acl: ObjectOptions['acl']): Record<string, string> {
  return choiceHeader('x-oss-object-acl', 'acl', acl, [
    'default',
    'private',
    'public-read',
    'public-read-write',
  ]);
}

export function forbidOverwriteHeader(forbidOverwrite: boolean | undefined): Record<string, string> {
  if (forbidOverwrite !== undefined && typeof forbidOverwrite !== 'boolean') {
    throw new TypeError('forbidOverwrite must be true or false');
  }
  return forbidOverwrite === true ? { 'x-oss-forbid-overwrite': 'true' } : {};
}

/** Rejects values that cannot be a header, or would not arrive as the bytes that were signed. */
export function assertHeaderValue(value: string, option: string): void {
  if (typeof value !== 'string') throw new TypeError(`${option} must be a string`);
  if (!/^[\x20-\x7e]*$/.test(value)) {
    throw new TypeError(
      `${option} must be printable ASCII: it becomes an HTTP header. Encode other text, for example ` +
        "with encodeURIComponent, or as filename*=UTF-8''… in a content disposition",
    );
  }
}

/** Rejects texts that cannot be the name of a header. */
export function assertHeaderName(name: string, option: string): void {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw new TypeError(
      `${option} ${JSON.stringify(name)} is not an HTTP token: use letters, digits and hyphens`,
    );
  }
}

const STORAGE_CLASSES = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'];

function textHeader(name: string, option: string, value: string | undefined): Record<string, string> {
  if (value === undefined) return {};
  assertHeaderValue(value, option);
  return value.trim() === '' ? {} : { [name]: value.trim() };
}

function choiceHeader(
  name: string,
  option: string,
  value: string | undefined,
  choices: readonly string[],
): Record<string, string> {
  if (value === undefined) return {};
  if (!choices.includes(value)) throw new TypeError(`${option} must be one of ${choices.join(', ')}`);
  return { [name]: value };
}

function metadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const headers = new Map<string, string>();
  let size = 0;
  for (const [key, value] of Object.entries(metadata)) {
    const option = `metadata.${key}`;
    assertHeaderName(key, 'metadata name');
    assertHeaderValue(value, option);
    if (value.trim() === '') throw new TypeError(`${option} must not be empty: HTTP would drop the header`);
    const name = `x-oss-meta-${key.toLowerCase()}`;
    if (headers.has(name)) throw new TypeError(`${option} occurs twice, in different case`);
    headers.set(name, value.trim());
    size += name.length + value.trim().length;
  }
  if (size > METADATA_SIZE_MAX) {
    throw new RangeError(`metadata must be at most ${METADATA_SIZE_MAX} bytes in all, got ${size}`);
  }
  return Object.fromEntries(headers);
}

function taggingHeader(tagging: Readonly<Record<string, string>>): Record<string, string> {
  const tags = Object.entries(tagging);
  if (tags.length > TAGS_MAX)
    throw new RangeError(`tagging must have at most ${TAGS_MAX} tags, got ${tags.length}`);
  for (const [name, value] of tags) {
    assertTagText(name, 'a name in tagging', 1, TAG_NAME_LENGTH_MAX);
    assertTagText(value, `tagging.${name}`, 0, TAG_VALUE_LENGTH_MAX);
  }
  const pairs = tags.map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`);
  return pairs.length === 0 ? {} : { 'x-oss-tagging': pairs.join('&') };
}

function assertTagText(text: string, option: string, min: number, max: number): void {
  if (typeof text !== 'string' || /\p{Surrogate}/u.test(text)) {
    throw new TypeError(`${option} must be a string without lone surrogates`);
  }
  if (text.length < min || text.length > max) {
    throw new RangeError(`${option} must have ${min} to ${max} characters, got ${text.length}`);
  }
}

/** The user metadata that identifies the upload of an object: `x-oss-meta-partway-upload`. */
export const NONCE_METADATA = 'partway-upload';

/** The object's options with the nonce of its upload among the metadata. */
export function addNonce(object: ObjectOptions, nonce: string): ObjectOptions {
  return { ...object, metadata: { ...object.metadata, [NONCE_METADATA]: nonce } };
}

/** Throws a `TypeError` for metadata of the nonce's name. */
export function assertNoNonce({ metadata = {} }: ObjectOptions): void {
  if (Object.keys(metadata).some((name) => name.toLowerCase() === NONCE_METADATA)) {
    throw new TypeError(`metadata.${NONCE_METADATA} is set by Partway itself: choose another name`);
  }
}
