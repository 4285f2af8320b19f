/** A long run of equal elements, and the document without it. */
export interface FlatElements {
  /** Of each element, the texts of its children by their names. */
  readonly elements: readonly Readonly<Record<string, string>>[];
  /** The document with one empty element `PLACE` where the run was. */
  readonly rest: string;
}

export const PLACE = 'PlaceOfFlatElements';

/**
 * Takes the elements `name` out of a document, so that a library need not read what may be a thousand of
 * them. Only where they follow one another, and each is `<name>` with children of plain text, no two of one
 * name. `undefined` for any other document: the library is to read it as it is.
 *
 * Such a run is well formed by itself, and holds no comment, CDATA section or instruction. So whoever finds
 * that `PLACE` is an element of the rest knows that the run stood in that very place.
 */
export function takeFlatElements(xml: string, name: string): FlatElements | undefined {
  const open = `<${name}>`;
  const start = xml.indexOf(open);
  if (start === -1 || xml.includes(PLACE)) return undefined;
  const elements: Readonly<Record<string, string>>[] = [];
  let end = start;
  for (let at = start; xml.startsWith(open, at); at = afterSpace(xml, end)) {
    const read = readFlatElement(xml, at + open.length, `</${name}>`);
    if (read === undefined) return undefined;
    elements.push(read.children);
    end = read.end;
  }
  return { elements, rest: `${xml.slice(0, start)}<${PLACE}/>${xml.slice(end)}` };
}

function readFlatElement(
  xml: string,
  start: number,
  close: string,
): { readonly children: Readonly<Record<string, string>>; readonly end: number } | undefined {
  const children: Record<string, string> = {};
  let at = start;
  for (let child = childAt(xml, at); child !== null; child = childAt(xml, at)) {
    const { 0: whole, 1: name = '', 2: text = '' } = child;
    // Twice, or a name that every object knows.
    if (name in children) return undefined;
    children[name] = decoded(text);
    at += whole.length;
  }
  at = afterSpace(xml, at);
  return xml.startsWith(close, at) ? { children, end: at + close.length } : undefined;
}

function childAt(xml: string, start: number): RegExpExecArray | null {
  CHILD.lastIndex = start;
  return CHILD.exec(xml);
}

/** An element of plain text, without attributes, a prefix or a line end that XML would change. */
const CHILD = /[ \t\r\n]*<([A-Za-z]\w*)>([^<>&\r]*(?:&(?:amp|lt|gt|quot|apos);[^<>&\r]*)*)<\/\1>/y;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.includes('&') ? text.replaceAll(/&(\w+);/g, (_, name: string) => ENTITIES[name] ?? '') : text;
}

function afterSpace(xml: string, start: number): number {
  SPACE.lastIndex = start;
  SPACE.test(xml);
  return SPACE.lastIndex;
}

const SPACE = /[ \t\r\n]*/y;
