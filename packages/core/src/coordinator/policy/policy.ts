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

/** The limits of every upload, for all callers and placements. */
export interface Policy {
  /** Minimum bytes of an object. Default: 0. */
  readonly sizeMin?: number | undefined;
  /** Maximum bytes of an object. Default: the maximum of OSS, 48.8 TB. */
  readonly sizeMax?: number | undefined;
  /**
   * Allowed types such as `image/png` or `image/*`. A file with another or no type is refused. Default:
   * any.
   */
  readonly contentTypes?: readonly string[] | undefined;
  /** Minimum bytes of a part, from 102400. A smaller requested size is raised. Default: 102400. */
  readonly partSizeMin?: number | undefined;
  /** Maximum bytes of a part, to 5368709120. A larger requested size is lowered. Default: 5368709120. */
  readonly partSizeMax?: number | undefined;
  /** URLs signed in one call, 128 (the maximum of our clients) to 10000. Default: 1000. */
  readonly urlsPerCallMax?: number | undefined;
  /** URLs signed for one upload, retries included; see `counters`. Default: no limit. */
  readonly urlsPerUploadMax?: number | undefined;
  /** Unfinished uploads of one principal; see `counters`. Default: no limit. */
  readonly uploadsPerPrincipalMax?: number | undefined;
  /** Never replaces an object. Without effect in a bucket with versioning. Default: false. */
  readonly forbidOverwrite?: boolean | undefined;
  /**
   * Whether a file smaller than one part is one PutObject. Its URL is valid until it expires, also after the
   * object was proven, unless `forbidOverwrite` is set; a part's URL is useless after Complete. An empty file
   * is always one PutObject. Default: true.
   */
  readonly singlePut?: boolean | undefined;
  /**
   * Signs the Content-Length of every part, so that OSS accepts exactly these bytes. Use `false` for services
   * that cannot check it: sizes are then compared before Complete. Default: true.
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
      throw new TypeError(`policy.contentTypes must hold types such as image/png or image/*, got ${type}`);
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

/** Throws `refused` with a message for the user, unless the policy allows the file. */
export function admit(
  { sizeMin, sizeMax, contentTypes }: ResolvedPolicy,
  { size, contentType }: { readonly size: number | undefined; readonly contentType: string | undefined },
): void {
  if (size !== undefined) {
    if (!isFileSize(size))
      throw refusedError('the size of the file is not a whole number of bytes up to 48.8 TB');
    if (size > sizeMax) throw refusedError(`the file has ${size} bytes; at most ${sizeMax} are allowed`);
    if (size < sizeMin) throw refusedError(`the file has ${size} bytes; at least ${sizeMin} are required`);
  }
  if (contentTypes.length === 0 || contentTypes.some((range) => covers(range, contentType))) return;
  throw refusedError(
    `files of type ${contentType ?? 'unknown'} are not allowed; allowed types: ${contentTypes.join(', ')}`,
  );
}

/** Parameters such as `; charset=utf-8` are ignored. */
function covers(range: string, contentType = ''): boolean {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  return range.endsWith('/*')
    ? type.startsWith(range.slice(0, -1).toLowerCase())
    : type === range.toLowerCase();
}

/** The part size for a file, or the first one for a stream: the requested one within the policy. */
export function partSizeFor(
  { partSizeMin, partSizeMax }: ResolvedPolicy,
  size: number | undefined,
  requested: number | undefined,
): number {
  if (requested !== undefined && !isPartSize(requested)) {
    throw refusedError('the part size is not a whole number of bytes from 102400 to 5368709120');
  }
  const fitting =
    requested === undefined ? undefined : Math.min(Math.max(requested, partSizeMin), partSizeMax);
  if (size === undefined) return Math.min(Math.max(firstPartSize(fitting), partSizeMin), partSizeMax);
  const chosen = Math.max(choosePartSize(size, fitting), partSizeMin);
  if (chosen <= partSizeMax || size <= partSizeMax * PARTS_MAX) return Math.min(chosen, partSizeMax);
  throw refusedError(
    `the file needs parts of ${chosen} bytes; at most ${partSizeMax} are allowed (policy.partSizeMax)`,
  );
}
