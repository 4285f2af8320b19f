import { invalidArgumentError } from '../errors.ts';
import { percentEncode } from '../http/wire-text.ts';

/** One page of a listing: items, and common prefixes that each stand for all keys below them. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** The last entry: its key and item. `item` is `undefined` for a common prefix. */
  readonly last: { readonly key: string; readonly item: T | undefined } | undefined;
}

export interface PageRequest<T> {
  readonly prefix: string;
  /** '' for no grouping. */
  readonly delimiter: string;
  /** Whether an item comes after the marker. */
  readonly isAfterMarker: (item: T) => boolean;
  /** A common prefix is listed only if it comes after the marker, like an item. '' is before everything. */
  readonly marker: string;
  readonly limit: number;
  /** The order of items with the same key. Default: their order in the input. */
  readonly tieBreak?: (a: T, b: T) => number;
}

/** Selects the first `limit` entries after the marker, in the order of their keys' UTF-8 bytes. */
export function selectPage<T extends { readonly key: string }>(
  all: Iterable<T>,
  request: PageRequest<T>,
): Page<T> {
  const { prefix, delimiter, marker, limit, tieBreak = () => 0 } = request;
  const items: T[] = [];
  const commonPrefixes: string[] = [];
  let last: Page<T>['last'];
  const candidates = [...all].filter((item) => item.key.startsWith(prefix) && request.isAfterMarker(item));
  candidates.sort((a, b) => compareUtf8(a.key, b.key) || tieBreak(a, b));
  for (const item of candidates) {
    const group = findCommonPrefix(item.key, prefix, delimiter);
    const isSkipped =
      group !== undefined && (group === commonPrefixes.at(-1) || compareUtf8(group, marker) <= 0);
    if (isSkipped) continue;
    if (items.length + commonPrefixes.length === limit)
      return { items, commonPrefixes, isTruncated: true, last };
    if (group === undefined) items.push(item);
    else commonPrefixes.push(group);
    last = group === undefined ? { key: item.key, item } : { key: group, item: undefined };
  }
  return { items, commonPrefixes, isTruncated: false, last };
}

function findCommonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Compares by UTF-8 bytes. UTF-16 order differs only in that surrogates come before U+E000 to U+FFFF. */
export function compareUtf8(a: string, b: string): number {
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

/** Reads the maximum number of entries of a page. */
export function readLimit(parameters: ReadonlyMap<string, string>, name: string, fallback: number): number {
  const text = parameters.get(name);
  if (text === undefined || text === '') return fallback;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 1000) {
    throw invalidArgumentError(`Argument ${name} must be an integer between 1 and 1000.`, name, text);
  }
  return limit;
}

/** How keys are encoded in XML, and the content of the element `EncodingType`. */
export interface KeyEncoding {
  readonly name: 'url' | undefined;
  readonly encode: (key: string) => string;
}

export function readKeyEncoding(parameters: ReadonlyMap<string, string>): KeyEncoding {
  const name = parameters.get('encoding-type');
  if (name === 'url') return { name, encode: percentEncode };
  if (name === undefined || name === '') return { name: undefined, encode: (key) => key };
  throw invalidArgumentError('Invalid Encoding Method specified in Request.', 'encoding-type', name);
}
