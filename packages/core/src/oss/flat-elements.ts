/** A long run of equal elements, and the document without it. */
export interface FlatElements {
  /** The texts of the children of each element, by name. */
  readonly elements: readonly Readonly<Record<string, string>>[];
  /** The document with one empty element `PLACEHOLDER` in the place of the run. */
  readonly rest: string;
}

export const PLACEHOLDER = 'PlaceholderOfFlatElements';

/**
 * Removes the elements `name` from a document, so that an XML library need not parse up to a thousand of
 * them. Requires that they follow each other, and that each is `<name>` with children of plain text and
 * different names. `undefined` for any other document: the library has to parse it unchanged.
 *
 * Such a run is well formed, and contains no comment, CDATA section or instruction. So an element
 * `PLACEHOLDER` in the parsed rest proves that the run was in its place.
 */
export function takeFlatElements(xml: string, name: string): FlatElements | undefined {
  const open = `<${name}>`;
  const start = xml.indexOf(open);
  if (start === -1 || xml.includes(PLACEHOLDER)) return undefined;
  const elements: Readonly<Record<string, string>>[] = [];
  let end = start;
  for (let at = start; xml.startsWith(open, at); at = skipSpace(xml, end)) {
    const read = readFlatElement(xml, at + open.length, `</${name}>`);
    if (read === undefined) return undefined;
    elements.push(read.children);
    end = read.end;
  }
  return { elements, rest: `${xml.slice(0, start)}<${PLACEHOLDER}/>${xml.slice(end)}` };
}

function readFlatElement(
  xml: string,
  start: number,
  close: string,
): { readonly children: Readonly<Record<string, string>>; readonly end: number } | undefined {
  const children: Record<string, string> = {};
  let at = start;
  for (let child = matchChild(xml, at); child !== null; child = matchChild(xml, at)) {
    const { 0: whole, 1: name = '', 2: text = '' } = child;
    // A second child of this name, or a property of every object.
    if (name in children) return undefined;
    children[name] = decodeEntities(text);
    at += whole.length;
  }
  at = skipSpace(xml, at);
  return xml.startsWith(close, at) ? { children, end: at + close.length } : undefined;
}

function matchChild(xml: string, start: number): RegExpExecArray | null {
  CHILD.lastIndex = start;
  return CHILD.exec(xml);
}

/** An element of plain text, without attributes, a prefix or a carriage return, which XML would change. */
const CHILD = /[ \t\r\n]*<([A-Za-z]\w*)>([^<>&\r]*(?:&(?:amp|lt|gt|quot|apos);[^<>&\r]*)*)<\/\1>/y;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.includes('&') ? text.replaceAll(/&(\w+);/g, (_, name: string) => ENTITIES[name] ?? '') : text;
}

function skipSpace(xml: string, start: number): number {
  SPACE.lastIndex = start;
  SPACE.test(xml);
  return SPACE.lastIndex;
}

const SPACE = /[ \t\r\n]*/y;
