import { invalidArgument } from '../errors.ts';
import { percentEncode } from '../http/wire-text.ts';

/** What a page shows: things by themselves, and prefixes that stand for all keys below them. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** The last entry: the thing it is, or `undefined` when it is a common prefix. */
  readonly last: { readonly key: string; readonly item: T | undefined } | undefined;
}

export interface PageRequest<T> {
  readonly prefix: string;
  /** '' groups nothing. */
  readonly delimiter: string;
  /** Whether a thing lies behind the marker. */
  readonly isBehind: (item: T) => boolean;
  /**
   * A common prefix is an entry like any other: only one behind the marker is listed. '' is before
   * everything.
   */
  readonly marker: string;
  readonly limit: number;
  /** Of things with the same key. */
  readonly tieBreak?: (a: T, b: T) => number;
}

/** The first `limit` entries behind the marker, in the order of their keys' bytes. */
export function pageOf<T extends { readonly key: string }>(
  all: Iterable<T>,
  request: PageRequest<T>,
): Page<T> {
  const { prefix, delimiter, marker, limit, tieBreak = () => 0 } = request;
  const items: T[] = [];
  const commonPrefixes: string[] = [];
  let last: Page<T>['last'];
  const candidates = [...all].filter((item) => item.key.startsWith(prefix) && request.isBehind(item));
  candidates.sort((a, b) => utf8Order(a.key, b.key) || tieBreak(a, b));
  for (const item of candidates) {
    const group = groupOf(item.key, prefix, delimiter);
    const isKnown = group !== undefined && (group === commonPrefixes.at(-1) || utf8Order(group, marker) <= 0);
    if (isKnown) continue;
    if (items.length + commonPrefixes.length === limit)
      return { items, commonPrefixes, isTruncated: true, last };
    if (group === undefined) items.push(item);
    else commonPrefixes.push(group);
    last = group === undefined ? { key: item.key, item } : { key: group, item: undefined };
  }
  return { items, commonPrefixes, isTruncated: false, last };
}

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/**
 * The order of the UTF-8 bytes. UTF-16 differs from it only in putting surrogates before U+E000 to U+FFFF.
 */
export function utf8Order(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : rank(x) - rank(y);
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function rank(unit: number): number {
  return isSurrogate(unit) ? 0x10000 : unit;
}

/** How many entries a page may have. */
export function limitOf(parameters: ReadonlyMap<string, string>, name: string, fallback: number): number {
  const text = parameters.get(name);
  if (text === undefined || text === '') return fallback;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 1000) {
    throw invalidArgument(`Argument ${name} must be an integer between 1 and 1000.`, name, text);
  }
  return limit;
}

/** How keys are written, and the `EncodingType` element to go with it. */
export interface KeyEncoding {
  readonly name: 'url' | undefined;
  readonly encode: (key: string) => string;
}

export function encodingOf(parameters: ReadonlyMap<string, string>): KeyEncoding {
  const name = parameters.get('encoding-type');
  if (name === 'url') return { name, encode: percentEncode };
  if (name === undefined || name === '') return { name: undefined, encode: (key) => key };
  throw invalidArgument('Invalid Encoding Method specified in Request.', 'encoding-type', name);
}
