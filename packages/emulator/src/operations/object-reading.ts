import { invalidRange, preconditionFailed } from '../errors.ts';
import { headerOf } from '../http/wire-text.ts';
import type { ObjectVersion } from '../storage/state.ts';
import type { OssRequest } from '../types.ts';

/** From `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The range a GET asks for. `undefined` means the whole object: also for several ranges, and for one that
 * cannot be satisfied, unless `x-oss-range-behavior: standard` asks for an error.
 */
export function rangeOf(request: OssRequest, size: number): Range | undefined {
  const text = headerOf(request, 'range');
  if (text === undefined) return undefined;
  const range = readRange(text, size);
  if (range !== undefined) return range;
  if (headerOf(request, 'x-oss-range-behavior') === 'standard' && text.startsWith('bytes='))
    throw invalidRange();
  return undefined;
}

/** A range that begins inside of `size` bytes, cut where they end. */
export function readRange(text: string, size: number): Range | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text) ?? [];
  if (first === '') {
    if (last === '' || Number(last) === 0 || size === 0) return undefined;
    return { start: Math.max(0, size - Number(last)), end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return start < end ? { start, end } : undefined;
}

/** Answered with 304. */
export function isNotModified(request: OssRequest, { etag, lastModified }: ObjectVersion): boolean {
  const ifNoneMatch = headerOf(request, 'if-none-match');
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, etag);
  const since = instantOf(headerOf(request, 'if-modified-since'));
  return since !== undefined && wholeSeconds(lastModified) <= since;
}

/** Throws PreconditionFailed. */
export function assertConditions(request: OssRequest, { etag, lastModified }: ObjectVersion): void {
  const ifMatch = headerOf(request, 'if-match');
  if (ifMatch !== undefined && !matches(ifMatch, etag)) throw preconditionFailed('If-Match');
  const since = instantOf(headerOf(request, 'if-unmodified-since'));
  if (since !== undefined && wholeSeconds(lastModified) > since)
    throw preconditionFailed('If-Unmodified-Since');
}

export function matches(etags: string, etag: string): boolean {
  return etags
    .split(',')
    .map((text) => text.trim().replaceAll('"', '').toUpperCase())
    .some((text) => text === '*' || text === etag.toUpperCase());
}

export function instantOf(text: string | undefined): number | undefined {
  const instant = Date.parse(text ?? '');
  return Number.isNaN(instant) ? undefined : instant;
}

/** HTTP dates have no milliseconds. */
export function wholeSeconds(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}
