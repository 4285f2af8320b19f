import { invalidRangeError, preconditionFailedError } from '../errors.ts';
import { getHeader } from '../http/wire-text.ts';
import type { ObjectVersion } from '../storage/state.ts';
import type { OssRequest } from '../types.ts';

/** From `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the range of a GET. `undefined` means the whole object: also for several ranges, and for a range that
 * cannot be satisfied. With `x-oss-range-behavior: standard` the latter throws InvalidRange.
 */
export function readRequestedRange(request: OssRequest, size: number): Range | undefined {
  const text = getHeader(request, 'range');
  if (text === undefined) return undefined;
  const range = parseRange(text, size);
  if (range !== undefined) return range;
  if (getHeader(request, 'x-oss-range-behavior') === 'standard' && text.startsWith('bytes='))
    throw invalidRangeError();
  return undefined;
}

/** Parses a range that starts within `size` bytes, and limits it to their end. `undefined` for any other. */
export function parseRange(text: string, size: number): Range | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text) ?? [];
  if (first === '') {
    if (last === '' || Number(last) === 0 || size === 0) return undefined;
    return { start: Math.max(0, size - Number(last)), end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return start < end ? { start, end } : undefined;
}

/** Whether the response is 304. */
export function isNotModified(request: OssRequest, { etag, lastModified }: ObjectVersion): boolean {
  const ifNoneMatch = getHeader(request, 'if-none-match');
  if (ifNoneMatch !== undefined) return matchesEtag(ifNoneMatch, etag);
  const since = parseDate(getHeader(request, 'if-modified-since'));
  return since !== undefined && truncateToSeconds(lastModified) <= since;
}

/** Throws PreconditionFailed. */
export function assertPreconditions(request: OssRequest, { etag, lastModified }: ObjectVersion): void {
  const ifMatch = getHeader(request, 'if-match');
  if (ifMatch !== undefined && !matchesEtag(ifMatch, etag)) throw preconditionFailedError('If-Match');
  const since = parseDate(getHeader(request, 'if-unmodified-since'));
  if (since !== undefined && truncateToSeconds(lastModified) > since)
    throw preconditionFailedError('If-Unmodified-Since');
}

export function matchesEtag(etags: string, etag: string): boolean {
  return etags
    .split(',')
    .map((text) => text.trim().replaceAll('"', '').toUpperCase())
    .some((text) => text === '*' || text === etag.toUpperCase());
}

export function parseDate(text: string | undefined): number | undefined {
  const instant = Date.parse(text ?? '');
  return Number.isNaN(instant) ? undefined : instant;
}

/** HTTP dates have no milliseconds. */
export function truncateToSeconds(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}
