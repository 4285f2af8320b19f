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
import { refusedError } from './access.ts';

/** What no upload may exceed, whoever asks and whatever was authorised. */
export interface Policy {
  /** Bytes of an object, from 0. Default: 0. */
  readonly sizeMin?: number | undefined;
  /** Bytes of an object. Default: 48.8 TB, what OSS takes. */
  readonly sizeMax?: number | undefined;
  /** `image/png`, `image/*`. A file that declares another type, or none, is refused. Default: any. */
  readonly contentTypes?: readonly string[] | undefined;
  /** Bytes of a part, from 102400. A smaller wish is raised. Default: 102400. */
  readonly partSizeMin?: number | undefined;
  /** Bytes of a part, to 5368709120. A larger wish is lowered. Default: 5368709120. */
  readonly partSizeMax?: number | undefined;
  /** URLs signed in one call, 128 (what our own clients ask for at most) to 10000. Default: 1000. */
  readonly urlsPerCallMax?: number | undefined;
  /** URLs signed for one upload, retries included; see `counters`. Default: no limit. */
  readonly urlsPerUploadMax?: number | undefined;
  /** Unfinished uploads of one principal; see `counters`. Default: no limit. */
  readonly uploadsPerPrincipalMax?: number | undefined;
  /** Never replaces an object. Without effect in a bucket with versioning. Default: false. */
  readonly forbidOverwrite?: boolean | undefined;
  /**
   * Whether a file smaller than one part is one PutObject. Its URL is good until it expires, also after the
   * object was proven, unless `forbidOverwrite` is set; a part's URL is worth nothing after Complete. An
   * empty file is always one PutObject. Default: true.
   */
  readonly singlePut?: boolean | undefined;
  /**
   * Signs the Content-Length of every part, so that OSS itself takes neither more nor fewer bytes. For
   * services that cannot check it, `false`: then sizes are compared before Complete. Default: true.
   */
  readonly signContentLength?: boolean | undefined;
}

export type ResolvedPolicy = {
  readonly [Name in keyof Policy]-?: Exclude<Policy[Name], undefined>;
};

/** Throws a `TypeError` or `RangeError` that names the option. */
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
      throw new TypeError(`policy.contentTypes has ${type}, want image/png or image/*`);
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

/** Throws `refused`, in words for the user, unless the policy allows such a file. */
export function admit(
  { sizeMin, sizeMax, contentTypes }: ResolvedPolicy,
  { size, contentType }: { readonly size: number | undefined; readonly contentType: string | undefined },
): void {
  if (size !== undefined) {
    if (!isFileSize(size))
      throw refusedError('the size of the file is not a whole number of bytes up to 48.8 TB');
    if (size > sizeMax) throw refusedError(`the file has ${size} bytes, and at most ${sizeMax} are allowed`);
    if (size < sizeMin) throw refusedError(`the file has ${size} bytes, and at least ${sizeMin} are wanted`);
  }
  if (contentTypes.length === 0 || contentTypes.some((range) => covers(range, contentType))) return;
  throw refusedError(
    `files of type ${contentType ?? 'unknown'} are not allowed: ${contentTypes.join(', ')} are`,
  );
}

/** Parameters such as `; charset=utf-8` do not count. */
function covers(range: string, contentType = ''): boolean {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  return range.endsWith('/*')
    ? type.startsWith(range.slice(0, -1).toLowerCase())
    : type === range.toLowerCase();
}

/** The part size for a file, or the first one for a stream: what the caller wishes, within the policy. */
export function partSizeFor(
  { partSizeMin, partSizeMax }: ResolvedPolicy,
  size: number | undefined,
  wanted: number | undefined,
): number {
  if (wanted !== undefined && !isPartSize(wanted)) {
    throw refusedError('the part size is not a whole number of bytes from 102400 to 5368709120');
  }
  const fitting = wanted === undefined ? undefined : Math.min(Math.max(wanted, partSizeMin), partSizeMax);
  if (size === undefined) return Math.min(Math.max(firstPartSize(fitting), partSizeMin), partSizeMax);
  const chosen = Math.max(choosePartSize(size, fitting), partSizeMin);
  if (chosen <= partSizeMax || size <= partSizeMax * PARTS_MAX) return Math.min(chosen, partSizeMax);
  throw refusedError(`the file needs parts of ${chosen} bytes, and at most ${partSizeMax} are allowed`);
}
