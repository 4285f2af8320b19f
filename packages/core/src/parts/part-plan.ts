import { assert } from '../assert.ts';
import { OBJECT_SIZE_MAX, PART_SIZE_MAX, PART_SIZE_MIN, PARTS_MAX } from '../oss/limits.ts';

/** A byte range of the source that travels in one PUT. */
export interface Part {
  /** From 1, as OSS counts. */
  readonly partNumber: number;
  readonly offset: number;
  readonly size: number;
}

/** Cuts `size` bytes into parts of `partSize`, the last one shorter. An empty source is one empty part. */
export function planParts(size: number, partSize: number): readonly Part[] {
  assert(Number.isSafeInteger(size) && size >= 0, 'size is a whole number of bytes');
  return Array.from({ length: countParts(size, partSize) }, (_, index) => partAt(size, partSize, index + 1));
}

/** How many parts the plan has, without making it. */
export function countParts(size: number, partSize: number): number {
  assert(Number.isSafeInteger(partSize) && partSize > 0, 'partSize is a positive whole number of bytes');
  return Math.max(1, Math.ceil(size / partSize));
}

/** One part of the plan, without making the others. */
export function partAt(size: number, partSize: number, partNumber: number): Part {
  assert(partNumber >= 1 && partNumber <= countParts(size, partSize), 'partNumber is in the plan');
  const offset = (partNumber - 1) * partSize;
  return { partNumber, offset, size: Math.min(partSize, size - offset) };
}

/** Below this a part costs more in round trips than it saves in lost work. */
const PART_SIZE_DEFAULT = 8 * 1024 ** 2;

/**
 * Completing takes OSS minutes with thousands of parts, so larger files get larger parts before more parts.
 */
const PARTS_WANTED_MAX = 1000;

/**
 * The part size for a file of `size` bytes: 8 MiB, or larger so that 1,000 parts suffice, or, where 5 GiB
 * parts do not suffice for that, 5 GiB. A caller's own part size (100 KiB to 5 GiB) is raised when it would
 * need more than 10,000 parts. Throws a `RangeError` for a part size out of bounds and for more than 48.8 TB.
 */
export function choosePartSize(size: number, wanted: number | undefined): number {
  assertFileSize(size);
  if (wanted !== undefined) assertPartSize(wanted);
  const smallest = wanted ?? Math.max(PART_SIZE_DEFAULT, ceilToMiB(size / PARTS_WANTED_MAX));
  return Math.min(PART_SIZE_MAX, Math.max(smallest, ceilToMiB(size / PARTS_MAX, smallest)));
}

/** The size of the first part of a stream: the caller's own, or 8 MiB. Throws a `RangeError`. */
export function firstPartSize(wanted: number | undefined): number {
  if (wanted !== undefined) assertPartSize(wanted);
  return wanted ?? PART_SIZE_DEFAULT;
}

/**
 * The size of the part of a stream that begins at `offset`: that of the first one and 1 % of all bytes before
 * it, in whole MiB, at most 5 GiB. So 10,000 parts reach 48.8 TB (4.88e13 bytes) from any first part, and
 * what is buffered stays a hundredth of what was sent.
 */
export function streamPartSize(first: number, offset: number): number {
  return offset === 0 ? first : Math.min(PART_SIZE_MAX, ceilToMiB(first + offset / 100));
}

/** One part of a stream that goes on for ever: where it begins, and how many bytes it has. */
export function streamPartAt(first: number, partNumber: number): Part {
  assert(partNumber >= 1 && partNumber <= PARTS_MAX, 'partNumber is one of OSS');
  let offset = 0;
  for (let number = 1; number < partNumber; number++) offset += streamPartSize(first, offset);
  return { partNumber, offset, size: streamPartSize(first, offset) };
}

/** The parts of a stream that turned out to have `size` bytes. More than 10,000 are never made. */
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

/** Throws a `RangeError` for a size no object of OSS can have. */
export function assertFileSize(size: number): void {
  if (!isFileSize(size)) {
    throw new RangeError(
      `size must be a whole number of bytes from 0 to ${OBJECT_SIZE_MAX} ` +
        `(48.8 TB, 10,000 parts of 5 GiB), got ${size}`,
    );
  }
}

/** Whole MiB keep offsets aligned to pages; a size that `enough` already covers stays as it is. */
function ceilToMiB(size: number, enough = 0): number {
  return size <= enough ? enough : Math.ceil(size / 1024 ** 2) * 1024 ** 2;
}
