import { assert } from '../errors.ts';
import { OBJECT_SIZE_MAX, PART_SIZE_MAX, PART_SIZE_MIN, PARTS_MAX } from '../oss/limits.ts';

/** A byte range of the source that one PUT sends. */
export interface Part {
  /** From 1 to 10,000. */
  readonly partNumber: number;
  /** The position of its first byte in the source. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** Divides `size` bytes into parts of `partSize`, the last one shorter. An empty source is one empty part. */
export function planParts(size: number, partSize: number): readonly Part[] {
  assert(Number.isSafeInteger(size) && size >= 0, 'size is a whole number of bytes');
  return Array.from({ length: countParts(size, partSize) }, (_, index) => partAt(size, partSize, index + 1));
}

/** The number of parts, without creating the plan. */
export function countParts(size: number, partSize: number): number {
  assert(Number.isSafeInteger(partSize) && partSize > 0, 'partSize is a positive whole number of bytes');
  return Math.max(1, Math.ceil(size / partSize));
}

/** One part of the plan, without creating the others. */
export function partAt(size: number, partSize: number, partNumber: number): Part {
  assert(partNumber >= 1 && partNumber <= countParts(size, partSize), 'partNumber is in the plan');
  const offset = (partNumber - 1) * partSize;
  return { partNumber, offset, size: Math.min(partSize, size - offset) };
}

/** Smaller parts cost more in round trips than they save when one has to be sent again. */
const PART_SIZE_DEFAULT = 8 * 1024 ** 2;

/** OSS takes minutes to complete thousands of parts, so larger files get larger parts before more parts. */
const PREFERRED_PARTS_MAX = 1000;

/**
 * The part size in bytes for a file of `size` bytes: 8 MiB, or larger so that 1,000 parts suffice, at most
 * 5 GiB. The caller's preferred part size (100 KiB to 5 GiB) is raised when it would need more than 10,000
 * parts. Throws a `RangeError` for a part size out of bounds and for more than 48.8 TB.
 */
export function choosePartSize(size: number, preferred: number | undefined): number {
  assertFileSize(size);
  if (preferred !== undefined) assertPartSize(preferred);
  const minimum = preferred ?? Math.max(PART_SIZE_DEFAULT, ceilToMiB(size / PREFERRED_PARTS_MAX));
  return Math.min(PART_SIZE_MAX, Math.max(minimum, ceilToMiB(size / PARTS_MAX, minimum)));
}

/** The size of the first part of a stream: the preferred one, or 8 MiB. Throws a `RangeError`. */
export function firstPartSize(preferred: number | undefined): number {
  if (preferred !== undefined) assertPartSize(preferred);
  return preferred ?? PART_SIZE_DEFAULT;
}

/**
 * The size of the part of a stream that starts at `offset`: the size of the first part plus 1 % of all bytes
 * before it, in whole MiB, at most 5 GiB. So 10,000 parts reach 48.8 TB (4.88e13 bytes) with any first part,
 * and the buffered bytes stay a hundredth of the sent ones.
 */
export function streamPartSize(first: number, offset: number): number {
  return offset === 0 ? first : Math.min(PART_SIZE_MAX, ceilToMiB(first + offset / 100));
}

/** One part of an endless stream: its offset and its size. */
export function streamPartAt(first: number, partNumber: number): Part {
  assert(partNumber >= 1 && partNumber <= PARTS_MAX, 'partNumber is one of OSS');
  let offset = 0;
  for (let number = 1; number < partNumber; number++) offset += streamPartSize(first, offset);
  return { partNumber, offset, size: streamPartSize(first, offset) };
}

/** The parts of a stream that has `size` bytes, at most 10,000. */
export function planStream(size: number, first: number): readonly Part[] {
  assert(Number.isSafeInteger(size) && size >= 0, 'size is a whole number of bytes');
  const parts: Part[] = [];
  let offset = 0;
  do {
    const part = {
      partNumber: parts.length + 1,
      offset,
      size: Math.min(streamPartSize(first, offset), size - offset),
    };
    parts.push(part);
    offset += part.size;
  } while (offset < size && parts.length < PARTS_MAX);
  return parts;
}

export function isPartSize(value: unknown): boolean {
  return isWithin(value, PART_SIZE_MIN, PART_SIZE_MAX);
}

export function isPartNumber(value: unknown): boolean {
  return isWithin(value, 1, PARTS_MAX);
}

export function isFileSize(value: unknown): boolean {
  return isWithin(value, 0, OBJECT_SIZE_MAX);
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
}

/** Throws a `RangeError` that names the option. */
export function assertPartSize(partSize: number): void {
  if (!isPartSize(partSize)) {
    throw new RangeError(
      `partSize must be a whole number of bytes from ${PART_SIZE_MIN} (100 KiB) ` +
        `to ${PART_SIZE_MAX} (5 GiB), got ${partSize}`,
    );
  }
}

/** Throws a `RangeError` for a size that no object of OSS can have. */
export function assertFileSize(size: number): void {
  if (!isFileSize(size)) {
    throw new RangeError(
      `size must be a whole number of bytes from 0 to ${OBJECT_SIZE_MAX} ` +
        `(48.8 TB, 10,000 parts of 5 GiB), got ${size}`,
    );
  }
}

/** Whole MiB keep offsets aligned to pages; `enough` is returned when it covers the size. */
function ceilToMiB(size: number, enough = 0): number {
  return size <= enough ? enough : Math.ceil(size / 1024 ** 2) * 1024 ** 2;
}
