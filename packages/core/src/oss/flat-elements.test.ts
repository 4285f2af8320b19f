import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PLACEHOLDER, takeFlatElements } from './flat-elements.ts';
import { readListPartsResult } from './xml.ts';

test('a run of flat elements is removed and returned in order, with decoded texts', () => {
  const xml = '<R><A>1</A> <P><N>1</N>\n<T>&lt;&amp;amp;&quot;</T></P>\n<P></P><P><N/></P></R>'.replace(
    '<P><N/></P>',
    '',
  );
  expect(takeFlatElements(xml, 'P')).toEqual({
    elements: [{ N: '1', T: '<&amp;"' }, {}],
    rest: `<R><A>1</A> <${PLACEHOLDER}/></R>`,
  });
});

test.each([
  ['no such element', '<R><Q>1</Q></R>'],
  ['an attribute', '<P><N a="b">1</N></P>'],
  ['an element without text or end tag', '<P><N/></P>'],
  ['an element in an element', '<P><N><M>1</M></N></P>'],
  ['a name twice', '<P><N>1</N><N>2</N></P>'],
  ['a name that every object has', '<P><constructor>1</constructor></P>'],
  ['the name __proto__', '<P><__proto__>1</__proto__></P>'],
  ['text beside the children', '<P>text<N>1</N></P>'],
  ['CDATA', '<P><N><![CDATA[1]]></N></P>'],
  ['an entity that is not one of the five', '<P><N>&#49;</N></P>'],
  ['a line end that XML changes', '<P><N>1\r\n</N></P>'],
  ['a truncated document', '<P><N>1</N>'],
  ['a document that contains the placeholder', `<P><N>1</N></P><${PLACEHOLDER}/>`],
])('%s is left to the library', (_, xml) => {
  expect(takeFlatElements(xml, 'P')).toBeUndefined();
});

/** Pieces of which documents are made that a scanner might take for what they are not. */
const PIECES = [
  '<Part>',
  '</Part>',
  '<PartNumber>7</PartNumber>',
  '<Size>5</Size>',
  '<ETag>"A&quot;&lt;"</ETag>',
  '<HashCrc64ecma>12</HashCrc64ecma>',
  '<Part><PartNumber>1</PartNumber><ETag>B</ETag><Size>6</Size></Part>',
  '<Part><Size>6</Size><ETag>C &amp; D</ETag><PartNumber>2</PartNumber></Part>',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<?a ',
  '?>',
  '<Old>',
  '</Old>',
  '<Part/>',
  '<Part a="',
  '">',
  '<o:Part>',
  '</o:Part>',
  '&#34;',
  ' \r\n',
  'text',
  `<${PLACEHOLDER}/>`,
];

test('any page reads as the XML library reads it alone', () => {
  const inside = fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(inside, inside, (before, after) => {
      const page = `<ListPartsResult>${before}<IsTruncated>false</IsTruncated>${after}</ListPartsResult>`;
      // With a space, which has no meaning, no part is flat, and the library reads them all.
      expect(outcome(page)).toEqual(outcome(page.replaceAll('<Part>', '<Part >')));
    }),
    { numRuns: 3000 },
  );
});

function outcome(page: string): unknown {
  try {
    return readListPartsResult(page, {}).parts;
  } catch (reason) {
    return reason instanceof Error ? reason.message : reason;
  }
}
