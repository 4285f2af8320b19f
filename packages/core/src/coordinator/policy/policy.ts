import { OBJECT_SIZE_MAX, PARTS_MAX } from '../../oss/limits.ts';
import {
  assertFileSize,
  assertPartSize,
  choosePartSize,
  firstPartSize,
  isFileSize,
  isPartSize,
} from '../../parts/part-plan.ts';
import { withoutUndefined } from '../../without-undefined.ts';
import { uploadRefusedError } from './access.ts';

/** Limits of every upload, also of those that `authorize` allows or the service itself initiates. */
export interface Policy {
  /** The least bytes of an object, from 0. Default: 0. */
  readonly sizeMin?: number | undefined;
  /** The most bytes of an object. Default: 48.8 TB, the limit of OSS. */
  readonly sizeMax?: number | undefined;
  /**
   * Allowed types, such as `image/png` or `image/*`. A file with another type, or none, is refused. Default:
   * any.
   */
  readonly contentTypes?: readonly string[] | undefined;
  /** The least bytes of a part, from 102400. A smaller requested size is raised. Default: 102400. */
  readonly partSizeMin?: number | undefined;
  /** The most bytes of a part, up to 5368709120. A larger requested size is lowered. Default: 5368709120. */
  readonly partSizeMax?: number | undefined;
  /** URLs in one response, 128 (the most that Partway's clients request) to 10000. Default: 1000. */
  readonly urlsPerCallMax?: number | undefined;
  /** URLs of one upload, retries included, from 1. Counted in `counters`. Default: no limit. */
  readonly urlsPerUploadMax?: number | undefined;
  /** Unfinished uploads of one principal, from 1. Counted in `counters`. Default: no limit. */
  readonly uploadsPerPrincipalMax?: number | undefined;
  /** Never replaces an existing object. Has no effect in a bucket with versioning. Default: false. */
  readonly forbidOverwrite?: boolean | undefined;
  /**
   * Uploads a file smaller than one part with a single PutObject. Until its URL expires, the client can
   * replace the object with it, even after the proof, unless `forbidOverwrite` is set. The URL of a part has
   * no effect after Complete. An empty file is always a single PutObject. Default: true.
   */
  readonly singlePut?: boolean | undefined;
  /**
   * Signs the Content-Length of every part, so that OSS rejects a body with more or fewer bytes. Set it to
   * false for an object store that does not support this: sizes are compared before Complete in any case.
   * Default: true.
   */
  readonly signContentLength?: boolean | undefined;
}

export type ResolvedPolicy = {
  readonly [Name in keyof Policy]-?: Exclude<Policy[Name], undefined>;
};

/**
 * Validates a policy and fills in the defaults. Throws a `TypeError` or `RangeError` that names the option.
 */
export function resolvePolicy(policy: Policy = {}): ResolvedPolicy {
  const resolved: ResolvedPolicy = { ...DEFAULTS, ...withoutUndefined(policy) };
  const { sizeMin, sizeMax, partSizeMin, partSizeMax, contentTypes } = resolved;
  for (const size of [sizeMin, sizeMax]) assertFileSize(size);
  for (const size of [partSizeMin, partSizeMax]) assertPartSize(size);
  if (sizeMin > sizeMax) throw new RangeError(`policy.sizeMin ${sizeMin} exceeds policy.sizeMax ${sizeMax}`);
  if (partSizeMin > partSizeMax) {
    throw new RangeError(`policy.partSizeMin ${partSizeMin} exceeds policy.partSizeMax ${partSizeMax}`);
  }
  for (const type of contentTypes) {
    if (!MEDIA_RANGE.test(type))
      throw new TypeError(`policy.contentTypes must contain types such as image/png or image/*, got ${type}`);
  }
  assertCount('urlsPerCallMax', resolved.urlsPerCallMax, 128, PARTS_MAX);
  assertCount('urlsPerUploadMax', resolved.urlsPerUploadMax, 1, Number.POSITIVE_INFINITY);
  assertCount('uploadsPerPrincipalMax', resolved.uploadsPerPrincipalMax, 1, Number.POSITIVE_INFINITY);
  return resolved;
}

const DEFAULTS: ResolvedPolicy = {
  sizeMin: 0,
  sizeMax: OBJECT_SIZE_MAX,
  contentTypes: [],
  partSizeMin: 102_400,
  partSizeMax: 5 * 1024 ** 3,
  urlsPerCallMax: 1000,
  urlsPerUploadMax: Number.POSITIVE_INFINITY,
  uploadsPerPrincipalMax: Number.POSITIVE_INFINITY,
  forbidOverwrite: false,
  singlePut: true,
  signContentLength: true,
};

const MEDIA_RANGE = /^[\w.+-]+\/(\*|[\w.+-]+)$/;

function assertCount(name: string, value: number, min: number, max: number): void {
  const isCount = Number.isInteger(value) || value === Number.POSITIVE_INFINITY;
  if (isCount && value >= min && value <= max) return;
  throw new RangeError(`policy.${name} must be a whole number from ${min} to ${max}, got ${value}`);
}

/** Throws `refused`, with a message for the user, unless the policy allows the file. */
export function assertAllowed(
  { sizeMin, sizeMax, contentTypes }: ResolvedPolicy,
  { size, contentType }: { readonly size: number | undefined; readonly contentType: string | undefined },
): void {
  if (size !== undefined) {
    if (!isFileSize(size))
      throw uploadRefusedError('the size of the file must be a whole number of bytes up to 48.8 TB');
    if (size > sizeMax)
      throw uploadRefusedError(`the file is too large: it has ${size} bytes, at most ${sizeMax} are allowed`);
    if (size < sizeMin)
      throw uploadRefusedError(
        `the file is too small: it has ${size} bytes, at least ${sizeMin} are required`,
      );
  }
  if (contentTypes.length === 0 || contentTypes.some((range) => matches(range, contentType))) return;
  throw uploadRefusedError(
    `files of type ${contentType ?? 'unknown'} are not allowed: allowed types are ${contentTypes.join(', ')}`,
  );
}

/** Ignores parameters such as `; charset=utf-8`. */
function matches(range: string, contentType = ''): boolean {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  return range.endsWith('/*')
    ? type.startsWith(range.slice(0, -1).toLowerCase())
    : type === range.toLowerCase();
}

/**
 * The part size of a file, or of a stream's first part: the requested one, within the bounds of the policy.
 */
export function resolvePartSize(
  { partSizeMin, partSizeMax }: ResolvedPolicy,
  size: number | undefined,
  requested: number | undefined,
): number {
  if (requested !== undefined && !isPartSize(requested)) {
    throw uploadRefusedError('the part size must be a whole number of bytes from 102400 to 5368709120');
  }
  const bounded =
    requested === undefined ? undefined : Math.min(Math.max(requested, partSizeMin), partSizeMax);
  if (size === undefined) return Math.min(Math.max(firstPartSize(bounded), partSizeMin), partSizeMax);
  const chosen = Math.max(choosePartSize(size, bounded), partSizeMin);
  if (chosen <= partSizeMax || size <= partSizeMax * PARTS_MAX) return Math.min(chosen, partSizeMax);
  throw uploadRefusedError(
    `the file is too large: it needs parts of ${chosen} bytes, at most ${partSizeMax} are allowed`,
  );
}
