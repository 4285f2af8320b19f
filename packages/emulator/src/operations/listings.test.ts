import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentDecode } from '../http/wire-text.ts';
import { getChildren, getChildText, type ParsedElement, parseXml } from '../http/xml.ts';
import {
  type Bucket,
  createEmptyBucket,
  type MultipartUpload,
  type ObjectVersion,
} from '../storage/state.ts';
import { listObjects, listObjectsV2, listUploads } from './listings.ts';

const key = fc
  .array(fc.constantFrom('a', 'b', '/', '-', '\u{1f600}', '\ufffd'), { minLength: 1, maxLength: 5 })
  .map((chars) => chars.join(''));
const prefix = fc.constantFrom('', '', 'a', 'a/', '\u{1f600}');
const delimiter = fc.constantFrom('', '/', 'a', 'b/', '\u{1f600}');
const limit = fc.integer({ min: 1, max: 4 });

interface Listing {
  readonly name: string;
  readonly limit: string;
  readonly list: (bucket: Bucket, parameters: ReadonlyMap<string, string>) => string;
  /** The parameters for the next page. */
  readonly next: (page: ParsedElement) => Readonly<Record<string, string | undefined>>;
  readonly item: string;
}

const listings: readonly Listing[] = [
  {
    name: 'ListObjects',
    limit: 'max-keys',
    list: listObjects,
    next: (page) => ({ marker: decoded(getChildText(page, 'NextMarker')) }),
    item: 'Contents',
  },
  {
    name: 'ListObjectsV2',
    limit: 'max-keys',
    list: listObjectsV2,
    next: (page) => ({ 'continuation-token': getChildText(page, 'NextContinuationToken') }),
    item: 'Contents',
  },
  {
    name: 'ListMultipartUploads',
    limit: 'max-uploads',
    list: listUploads,
    next: (page) => ({
      'key-marker': decoded(getChildText(page, 'NextKeyMarker')),
      'upload-id-marker': getChildText(page, 'NextUploadIdMarker'),
    }),
    item: 'Upload',
  },
];

test.each(listings)(
  'the pages of $name return every entry once, in order',
  ({ list, limit: name, next, item }) => {
    const keys = fc.array(key, { maxLength: 12 });
    fc.assert(
      fc.property(keys, prefix, delimiter, limit, (all, from, by, max) => {
        const bucket = bucketOf(all);
        const base = { prefix: from, delimiter: by, [name]: String(max), 'encoding-type': 'url' };
        const seen: string[] = [];
        let more: Readonly<Record<string, string | undefined>> | undefined = {};
        while (more !== undefined) {
          const page = parseXml(list(bucket, parametersOf({ ...base, ...more })), rootOf(item));
          const entries = [...entriesOf(page, item), ...entriesOf(page, 'CommonPrefixes')].sort(byBytes);
          expect(entries.length).toBeLessThanOrEqual(max);
          seen.push(...entries);
          more = getChildText(page, 'IsTruncated') === 'true' ? next(page) : undefined;
        }
        // Uploads may share a key.
        expect(seen).toEqual(expected(item === 'Upload' ? all : [...new Set(all)], from, by));
      }),
    );
  },
);

test('ListMultipartUploads always returns the last entry as marker, and ignores an upload-id-marker alone', () => {
  const bucket = bucketOf(['a', 'a', 'b']);
  const page = (parameters: Readonly<Record<string, string>>): ParsedElement =>
    parseXml(listUploads(bucket, parametersOf(parameters)), 'ListMultipartUploadsResult');
  const ids = (element: ParsedElement): readonly (string | undefined)[] =>
    getChildren(element, 'Upload').map((upload) => getChildText(upload, 'UploadId'));
  expect(ids(page({ 'upload-id-marker': 'U1' }))).toEqual(['U0', 'U1', 'U2']);
  expect(ids(page({ 'key-marker': 'a' }))).toEqual(['U2']);
  expect(ids(page({ 'key-marker': 'a', 'upload-id-marker': 'U0' }))).toEqual(['U1', 'U2']);
  expect(getChildText(page({}), 'NextKeyMarker')).toBe('b');
  expect(getChildText(page({}), 'NextUploadIdMarker')).toBe('U2');
  expect(getChildText(page({ prefix: 'c' }), 'NextKeyMarker')).toBe('');
  expect([...page({ 'encoding-type': 'url' }).children.keys()]).toEqual([
    'EncodingType',
    'Bucket',
    'KeyMarker',
    'UploadIdMarker',
    'NextKeyMarker',
    'NextUploadIdMarker',
    'Delimiter',
    'Prefix',
    'MaxUploads',
    'IsTruncated',
    'Upload',
  ]);
});

test.each([
  ['max-uploads', '0'],
  ['max-uploads', '1001'],
  ['max-uploads', 'x'],
  ['encoding-type', 'base64'],
])('%s=%s is rejected', (name, value) => {
  const refusal = expect.objectContaining({ status: 400, code: 'InvalidArgument' });
  expect(() => listUploads(bucketOf([]), new Map([[name, value]]))).toThrow(refusal);
});

test('ListObjectsV2 supports start-after and fetch-owner, and rejects a forged token', () => {
  const bucket = bucketOf(['a', 'b', 'c']);
  const parameters = new Map([
    ['start-after', 'a'],
    ['fetch-owner', 'true'],
  ]);
  const page = parseXml(listObjectsV2(bucket, parameters), 'ListBucketResult');
  expect(getChildText(page, 'KeyCount')).toBe('2');
  expect(getChildren(page, 'Contents').every((object) => object.children.has('Owner'))).toBe(true);
  const forged = new Map([['continuation-token', 'abc']]);
  expect(() => listObjectsV2(bucket, forged)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
});

/** The entries of a single page without a limit, computed from the definition. */
function expected(keys: readonly string[], from: string, by: string): readonly string[] {
  const entries = keys
    .filter((name) => name.startsWith(from))
    .map((name) => {
      const at = by === '' ? -1 : name.indexOf(by, from.length);
      return at < 0 ? { isGroup: false, name } : { isGroup: true, name: name.slice(0, at + by.length) };
    });
  const groups = new Set(entries.filter(({ isGroup }) => isGroup).map(({ name }) => name));
  return [...groups, ...entries.filter(({ isGroup }) => !isGroup).map(({ name }) => name)].sort(byBytes);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function entriesOf(page: ParsedElement, name: string): readonly string[] {
  const inner = name === 'CommonPrefixes' ? 'Prefix' : 'Key';
  return getChildren(page, name).map((element) => decoded(getChildText(element, inner)));
}

function rootOf(item: string): string {
  return item === 'Upload' ? 'ListMultipartUploadsResult' : 'ListBucketResult';
}

function decoded(text: string | undefined): string {
  return percentDecode(text ?? '') ?? '';
}

function parametersOf(values: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** An object and an upload of each key; the uploads are called U0, U1 and so on. */
function bucketOf(keys: readonly string[]): Bucket {
  return {
    ...createEmptyBucket('bucket', 0),
    objects: new Map(keys.map((name) => [name, [headOwnObject(name)]])),
    uploads: new Map(keys.map((name, n) => [`U${n}`, uploadOf(name, `U${n}`)])),
  };
}

function headOwnObject(name: string): ObjectVersion {
  return {
    key: name,
    versionId: 'null',
    isDeleteMarker: false,
    type: 'Normal',
    size: 0,
    etag: 'E',
    crc64: '0',
    contentMd5: undefined,
    lastModified: 0,
    headers: {},
    pieces: [],
  };
}

function uploadOf(name: string, uploadId: string): MultipartUpload {
  return {
    key: name,
    uploadId,
    initiatedAt: 0,
    isSequential: false,
    forbidsOverwrite: false,
    headers: {},
    parts: new Map(),
  };
}
