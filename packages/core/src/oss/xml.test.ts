import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  parseCrc64,
  readCompleteResult,
  readInitiateResult,
  readListPartsResult,
  readListUploadsResult,
  unquote,
  writeComplete,
} from './xml.ts';

const CONTEXT = { operation: 'ListParts', key: 'k' };

test('an upload ID that looks like a number stays text, with and without a namespace', () => {
  for (const xmlns of ['', ' xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"']) {
    const xml = `<?xml version="1.0" encoding="UTF-8"?>
<InitiateMultipartUploadResult${xmlns}><Bucket>b</Bucket><Key>k</Key><UploadId>0070</UploadId></InitiateMultipartUploadResult>`;
    expect(readInitiateResult(xml, CONTEXT)).toEqual({ uploadId: '0070' });
  }
  const prefixed =
    '<o:InitiateMultipartUploadResult><o:UploadId>1e5</o:UploadId></o:InitiateMultipartUploadResult>';
  expect(readInitiateResult(prefixed, CONTEXT)).toEqual({ uploadId: '1e5' });
});

const part = (partNumber: number, crc = '<HashCrc64ecma>12</HashCrc64ecma>'): string =>
  `<Part><PartNumber>${partNumber}</PartNumber><LastModified>2026-01-01T00:00:00.000Z</LastModified>
   <ETag>&quot;0123ABCD&quot;</ETag>${crc}<Size>102400</Size></Part>`;
const uploadedAt = Date.UTC(2026, 0, 1);
const listed = (partNumber: number) => ({
  ...{ partNumber, size: 102_400, etag: '0123ABCD', crc64: '12' },
  uploadedAt,
});
const parts = (inside: string, truncated = 'false'): string =>
  `<ListPartsResult><IsTruncated>${truncated}</IsTruncated>
   <NextPartNumberMarker>2</NextPartNumberMarker>${inside}</ListPartsResult>`;

test('no part, one part and many parts are read as lists [pain-45]', () => {
  expect(readListPartsResult(parts(''), CONTEXT)).toEqual({ parts: [], next: undefined });
  expect(readListPartsResult(parts(part(7)), CONTEXT).parts).toEqual([listed(7)]);
  expect(readListPartsResult(parts(part(1) + part(2)), CONTEXT).parts).toEqual([listed(1), listed(2)]);
});

test('a page of a thousand parts is read completely', () => {
  const many = Array.from({ length: 1000 }, (_, index) => part(index + 1)).join('');
  expect(readListPartsResult(parts(many), CONTEXT).parts).toHaveLength(1000);
});

test('IsTruncated "false" is read as false [pain-45]', () => {
  expect(readListPartsResult(parts(part(1)), CONTEXT).next).toBeUndefined();
  expect(readListPartsResult(parts(part(1), 'true'), CONTEXT).next).toEqual({ partNumberMarker: '2' });
});

test.each(['', '<HashCrc64ecma/>', '<HashCrc64ecma>-1</HashCrc64ecma>'])(
  'a part with the CRC64 %j has no crc64',
  (crc) => {
    expect(readListPartsResult(parts(part(1, crc)), CONTEXT).parts[0]?.crc64).toBeUndefined();
  },
);

test.each(['', '<LastModified/>', '<LastModified>yesterday</LastModified>'])(
  'a part with the date %j has no uploadedAt',
  (date) => {
    const undated = part(1).replace(/<LastModified>.*<\/LastModified>/, date);
    expect(readListPartsResult(parts(undated), CONTEXT).parts).toEqual([
      { ...listed(1), uploadedAt: undefined },
    ]);
  },
);

test.each([
  ['elements in another order', part(1).replace(/(<PartNumber>.*?<\/PartNumber>)(.*)(?=<\/Part>)/s, '$2$1')],
  ['spaces and line ends', part(1).replaceAll('><', '>\r\n\t <')],
  ['entities', part(1).replaceAll('&quot;', '&#34;')],
  ['CDATA', part(1).replace('102400', '<![CDATA[102400]]>')],
  ['a comment', part(1).replace('<Size>', '<!-- <Part> --><Size>')],
  ['an attribute', part(1).replace('<Part>', '<Part a="b>c">')],
  ['a prefix', part(1).replaceAll(/<(\/?)(?=\w)/g, '<$1o:')],
  ['a foreign element', part(1).replace('<Size>', '<Owner><ID>1</ID></Owner><Size>')],
  ['a part in a foreign element', part(1).replace('<Size>', `<Old>${part(9)}</Old><Size>`)],
  ['an empty element', part(1).replace('<Size>', '<StorageClass/><Size>')],
])('a part with %s is read, alone and among others', (_, unusual) => {
  expect(readListPartsResult(parts(unusual), CONTEXT).parts).toEqual([listed(1)]);
  const among = parts(part(0) + unusual + part(2));
  expect(readListPartsResult(among, CONTEXT).parts).toEqual([listed(0), listed(1), listed(2)]);
});

test('content between parts does not hide them', () => {
  const xml = parts(`${part(1)}<Owner>o</Owner>${part(2)}text${part(3)}<!-- -->${part(4)}`);
  expect(readListPartsResult(xml, CONTEXT).parts).toEqual([1, 2, 3, 4].map(listed));
});

test.each([
  ['a comment', (run: string) => `<!-- ${run} -->`],
  ['CDATA', (run: string) => `<![CDATA[${run}]]>`],
  ['another element', (run: string) => `<Old>${run}</Old>`],
  ['an instruction', (run: string) => `<?old ${run} ?>`],
])('parts in %s are ignored', (_, hidden) => {
  expect(readListPartsResult(parts(hidden(part(1))), CONTEXT).parts).toEqual([]);
  expect(readListPartsResult(parts(hidden(part(1)) + part(2)), CONTEXT).parts).toEqual([listed(2)]);
  expect(readListPartsResult(parts(part(2) + hidden(part(1))), CONTEXT).parts).toEqual([listed(2)]);
});

const uploads = (key: string, encoding: string, truncated = false): string =>
  `<ListMultipartUploadsResult>${encoding}<NextKeyMarker>${key}</NextKeyMarker>
   <NextUploadIdMarker>00A</NextUploadIdMarker><IsTruncated>${truncated}</IsTruncated>
   <Upload><Key>${key}</Key><UploadId>00A</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>
   </ListMultipartUploadsResult>`;
const initiatedAt = Date.UTC(2026, 0, 1);

test('keys are decoded when EncodingType is url', () => {
  const encoded = uploads('a%20b%2Bc%26', '<EncodingType>url</EncodingType>', true);
  expect(readListUploadsResult(encoded, CONTEXT)).toEqual({
    uploads: [{ key: 'a b+c&', uploadId: '00A', initiatedAt }],
    next: { keyMarker: 'a b+c&', uploadIdMarker: '00A' },
  });
  expect(readListUploadsResult(uploads('a%20b', ''), CONTEXT)).toEqual({
    uploads: [{ key: 'a%20b', uploadId: '00A', initiatedAt }],
    next: undefined,
  });
});

test('any key is read back unchanged', () => {
  const keys = fc.string({ unit: 'grapheme', minLength: 1 });
  fc.assert(
    fc.property(keys, (key) => {
      const xml = uploads(encodeURIComponent(key), '<EncodingType>url</EncodingType>');
      expect(readListUploadsResult(xml, CONTEXT).uploads[0]?.key).toBe(key);
    }),
  );
  const spaced = uploads(' 007 &#60;&amp;lt;&#x4e2d; ', '');
  expect(readListUploadsResult(spaced, CONTEXT).uploads[0]?.key).toBe(' 007 <&lt;中 ');
});

test('the ETag of a completed object has no quotes', () => {
  const xml = '<CompleteMultipartUploadResult><ETag>"AB-2"</ETag></CompleteMultipartUploadResult>';
  expect(readCompleteResult(xml, CONTEXT)).toEqual({ etag: 'AB-2' });
});

const COMPLETE_DOCUMENT = parts(part(1) + part(2));

test('a truncated document rejects with malformed_response, transient', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: COMPLETE_DOCUMENT.length - 1 }), (length) => {
      expect(() => readListPartsResult(COMPLETE_DOCUMENT.slice(0, length), CONTEXT)).toThrow(
        expect.objectContaining({ code: 'malformed_response', disposition: 'transient', context: CONTEXT }),
      );
    }),
  );
});

test.each([
  ['', 'is truncated or not well formed'],
  ['{"status":"ok"}', 'is truncated or not well formed'],
  ['<html><body>Welcome</body></html>', 'has no ListPartsResult'],
  ['<ListPartsResult/>', 'has no IsTruncated'],
  ['<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>', 'has no NextPartNumberMarker'],
  [parts('<Part/>'), 'has no PartNumber'],
  [parts(part(1).replace('102400', 'many')), 'has a Size that is not a number'],
  [parts(part(1).replace('102400', '-1')), 'has a Size that is not a number'],
  [parts(part(1).replace('<Size>', '<PartNumber>2</PartNumber><Size>')), 'has no PartNumber'],
  [parts(part(1).replace('</Part>', '') + part(2)), 'is truncated or not well formed'],
  [parts(part(1).replace('</Size></Part>', '</Part></Size>')), 'is truncated or not well formed'],
  [parts(part(1)) + part(2), 'is truncated or not well formed'],
  ['<!DOCTYPE x [<!ENTITY e "y">]><ListPartsResult>&e;</ListPartsResult>', 'is not a document of OSS'],
  [`<ListPartsResult>${'<a>'.repeat(5000)}</ListPartsResult>`, 'is truncated or not well formed'],
])('the response %j %s', (xml, problem) => {
  expect(() => readListPartsResult(xml, CONTEXT)).toThrow(
    `[malformed_response] the response to ListParts ${problem}`,
  );
});

test('an invalid date rejects with malformed_response', () => {
  const xml = uploads('k', '').replace('2026-01-01T00:00:00.000Z', 'yesterday');
  expect(() => readListUploadsResult(xml, {})).toThrow(
    'the response to a request has an Initiated that is not a date',
  );
});

test('the body of Complete lists the parts in the given order, with ETags quoted once', () => {
  const parts = [
    { partNumber: 1, etag: 'AB' },
    { partNumber: 3, etag: '"C<&>D"' },
  ];
  expect(writeComplete(parts)).toBe(
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"AB"</ETag></Part>' +
      '<Part><PartNumber>3</PartNumber><ETag>"C&lt;&amp;&gt;D"</ETag></Part></CompleteMultipartUpload>',
  );
});

test('unquote removes quotes, parseCrc64 accepts unsigned decimals', () => {
  expect(unquote(' "AB" ')).toBe('AB');
  expect(['0', '18446744073709551615', '007', 'x', '', undefined].map(parseCrc64)).toEqual([
    '0',
    '18446744073709551615',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
