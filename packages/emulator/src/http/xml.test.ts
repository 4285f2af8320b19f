import fc from 'fast-check';
import { expect, test } from 'vitest';
import { getChildren, getChildText, getExactChildText, parseXml, writeXml } from './xml.ts';

const malformed = expect.objectContaining({ status: 400, code: 'MalformedXML' });

test('what XML 1.0 can say is read again to the letter, carriage returns and outer white space too', () => {
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

test('what XML 1.0 cannot say is a reference all the same', () => {
  expect(writeXml('A', [['B', 'a\u0001\u007f\uffff']])).toContain('<B>a&#x1;&#x7F;&#xFFFF;</B>');
});

test('children stand in the order given, those without content left out', () => {
  expect(
    writeXml('A', [
      ['B', 1],
      ['C', undefined],
      ['D', [['E', false]]],
      ['F', ''],
    ]),
  ).toBe('<?xml version="1.0" encoding="UTF-8"?>\n<A><B>1</B><D><E>false</E></D><F></F></A>');
});

test.each(['&#34;', '&quot;', '&#x22;', '"', '<![CDATA["]]>'])('a quote may be written %s', (quote) => {
  const xml = `<Part xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"><ETag> ${quote}AB${quote}\n</ETag></Part>`;
  expect(getChildText(parseXml(xml, 'Part'), 'ETag')).toBe('"AB"');
});

test('10,000 parts with their quotes escaped are read', () => {
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
])('%j is not a document with the root A', (xml) => {
  expect(() => parseXml(xml.slice(0, 9000), 'A')).toThrow(malformed);
});
