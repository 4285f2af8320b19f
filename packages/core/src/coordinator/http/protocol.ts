import * as v from 'valibot';
import { UploadError } from '../../errors.ts';
import { OBJECT_SIZE_MAX, PART_SIZE_MAX, PART_SIZE_MIN, PARTS_MAX } from '../../oss/limits.ts';
import type { ObjectOptions, Receipt } from '../../ports.ts';

/** A verb of the coordinator over HTTP: the last segment of the path. */
export type Verb = 'initiate' | 'presign-parts' | 'list-parts' | 'complete' | 'abort';

export interface InitiateInput {
  readonly name: string;
  readonly size: number | null;
  readonly partSize?: number | undefined;
  readonly object?: ObjectOptions | undefined;
  readonly previousAttemptAgeMs?: number | undefined;
  readonly presignCount?: number | undefined;
}

export interface TokenInput {
  readonly uploadToken: string;
}

export interface PresignPartsInput extends TokenInput {
  readonly partNumbers: readonly number[];
  readonly sizes?: readonly number[] | undefined;
  readonly afterRefusal?: boolean | undefined;
}

export interface ListPartsInput extends TokenInput {
  readonly partNumber?: number | undefined;
}

export interface CompleteInput extends TokenInput {
  readonly receipts: readonly Receipt[];
}

/**
 * The schema of each verb's request body. The JSON Schemas of docs/reference/protocol.md are generated from
 * these.
 */
export interface Inputs {
  readonly initiate: v.GenericSchema<unknown, InitiateInput>;
  readonly 'presign-parts': v.GenericSchema<unknown, PresignPartsInput>;
  readonly 'list-parts': v.GenericSchema<unknown, ListPartsInput>;
  readonly complete: v.GenericSchema<unknown, CompleteInput>;
  readonly abort: v.GenericSchema<unknown, TokenInput>;
}

const integerBetween = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
const singleLine = (max: number) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(max), v.regex(/^[^\p{Cc}]+$/u));
/** May be empty: browsers report an unknown file type as `''`, which the store treats as absent. */
const headerValue = v.pipe(v.string(), v.maxLength(1024), v.regex(/^[^\p{Cc}]*$/u));
const textRecord = v.record(
  singleLine(1024),
  v.pipe(v.string(), v.maxLength(8192), v.regex(/^[^\p{Cc}]*$/u)),
);

const uploadToken = v.pipe(v.string(), v.minLength(1), v.maxLength(32_768));
const partNumber = integerBetween(1, PARTS_MAX);
const partNumbers = v.pipe(v.array(partNumber), v.minLength(1), v.maxLength(PARTS_MAX));
const partBytes = integerBetween(0, PART_SIZE_MAX);
const crc64 = v.pipe(v.string(), v.regex(/^\d{1,20}$/));
const receipt = v.object({ partNumber, size: partBytes, crc64 });

const object = v.object({
  contentType: v.optional(headerValue),
  cacheControl: v.optional(headerValue),
  contentDisposition: v.optional(headerValue),
  contentEncoding: v.optional(headerValue),
  expires: v.optional(headerValue),
  metadata: v.optional(textRecord),
  tagging: v.optional(textRecord),
  storageClass: v.optional(v.picklist(['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'])),
  serverSideEncryption: v.optional(v.picklist(['AES256', 'KMS', 'SM4'])),
  serverSideDataEncryption: v.optional(v.picklist(['SM4'])),
  serverSideEncryptionKeyId: v.optional(headerValue),
  acl: v.optional(v.picklist(['default', 'private', 'public-read', 'public-read-write'])),
  forbidOverwrite: v.optional(v.boolean()),
});

export const INPUTS: Inputs = {
  initiate: v.object({
    name: singleLine(1024),
    size: v.nullable(integerBetween(0, OBJECT_SIZE_MAX)),
    partSize: v.optional(integerBetween(PART_SIZE_MIN, PART_SIZE_MAX)),
    object: v.optional(object),
    previousAttemptAgeMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(604_800_000))),
    presignCount: v.optional(integerBetween(0, PARTS_MAX)),
  }),
  'presign-parts': v.object({
    uploadToken,
    partNumbers,
    sizes: v.optional(v.pipe(v.array(partBytes), v.minLength(1), v.maxLength(PARTS_MAX))),
    afterRefusal: v.optional(v.boolean()),
  }),
  'list-parts': v.object({ uploadToken, partNumber: v.optional(partNumber) }),
  complete: v.object({ uploadToken, receipts: v.pipe(v.array(receipt), v.maxLength(PARTS_MAX)) }),
  abort: v.object({ uploadToken }),
};

/** The most bytes of a request body, by verb: 10,000 receipts are less than 1 MiB. */
export const BODY_SIZE_MAX: Readonly<Record<Verb, number>> = {
  initiate: 64 * 1024,
  'presign-parts': 256 * 1024,
  'list-parts': 64 * 1024,
  complete: 2 * 1024 ** 2,
  abort: 64 * 1024,
};

/**
 * Parses the body of a request. Throws `bad_request` with the path of the invalid value, but not the value.
 */
export function readInput<Name extends Verb>(verb: Name, json: string): v.InferOutput<Inputs[Name]> {
  return checkInput(verb, parse(json));
}

/**
 * Validates a parsed body. Stops at the first error: a body can contain a million, and its client is not
 * identified yet.
 */
export function checkInput<Name extends Verb>(verb: Name, value: unknown): v.InferOutput<Inputs[Name]> {
  const result = v.safeParse(INPUTS[verb], value, { abortEarly: true });
  if (result.success) return result.output as v.InferOutput<Inputs[Name]>;
  const { path, expected } = result.issues[0];
  const location =
    path === undefined
      ? 'the body of the request'
      : path.map(({ key }) => String(key).slice(0, 40)).join('.');
  throw badRequestError(400, `${location} is invalid${expected === null ? '' : `: expected ${expected}`}`);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw badRequestError(400, 'the body of the request is not JSON');
  }
}

/** A request that does not follow the protocol: Partway's clients never send one. */
export function badRequestError(status: number, message: string): UploadError {
  return new UploadError({
    code: 'bad_request',
    message,
    disposition: 'permanent',
    context: { status },
    hint: 'See docs/reference/protocol.md for the requests of each verb.',
  });
}
