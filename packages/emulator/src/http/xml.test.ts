import fc from 'fast-check';
import { expect, test } from 'vitest';
import { getChildren, getChildText, getExactChildText, parseXml, writeXml } from './xml.ts';

const malformed = expect.objectContaining({ status: 400, code: 'MalformedXML' });

test('text that XML 1.0 allows is unchanged after writing and parsing, also carriage returns and outer white space', () => {
  const character = fc.oneof(
    fc.constantFrom(...'\t\n\r &<>"\';#x'),
    fc.string({ unit: 'grapheme-composite' }),
  );
  const texts = fc.array(character).map((characters) => characters.join(''));
  fc.assert(
    fc.property(texts, (text) => {
      expect(getExactChildText(parseXml(writeXml('Root', [['Key', text]]), 'Root'), 'Key')).toBe(text);
    }),
  );
});

test('characters that XML 1.0 forbids are written as references', () => {
  expect(writeXml('A', [['B', 'a\u0001\u007f\uffff']])).toContain('<B>a&#x1;&#x7F;&#xFFFF;</B>');
});

test('children are written in the given order, without those that have no content', () => {
  expect(
    writeXml('A', [
      ['B', 1],
      ['C', undefined],
      ['D', [['E', false]]],
      ['F', ''],
    ]),
  ).toBe('<?xml version="1.0" encoding="UTF-8"?>\n<A><B>1</B><D><E>false</E></D><F></F></A>');
});

test.each(['&#34;', '&quot;', '&#x22;', '"', '<![CDATA["]]>'])('a quote written as %s is parsed', (quote) => {
  const xml = `<Part xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"><ETag> ${quote}AB${quote}\n</ETag></Part>`;
  expect(getChildText(parseXml(xml, 'Part'), 'ETag')).toBe('"AB"');
});

test('10,000 parts with escaped quotes are parsed', () => {
  const part = '<Part><PartNumber>1</PartNumber><ETag>&#34;0123456789ABCDEF&#34;</ETag></Part>';
  const root = parseXml(`<All>${part.repeat(10_000)}</All>`, 'All');
  expect(getChildren(root, 'Part')).toHaveLength(10_000);
  expect(root.children.get('Part')?.at(-1)?.children.get('ETag')?.[0]?.text).toBe('"0123456789ABCDEF"');
});

test.each([
  '',
  ' ',
  'text',
  '{}',
  '<A>',
  '<A></B>',
  '<B></B>',
  '<A></A><A></A>',
  '<A></A><B></B>',
  `${'<A>'.repeat(1000)}${'</A>'.repeat(1000)}`,
])('%j is rejected as a document with the root A', (xml) => {
  expect(() => parseXml(xml.slice(0, 9000), 'A')).toThrow(malformed);
});
