import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { malformedXml } from './errors.ts';

/** An element: text, or children in order. `undefined` leaves the element out. */
export type XmlContent = string | number | boolean | undefined | readonly XmlElement[];
export type XmlElement = readonly [name: string, content: XmlContent];

/** Writes a document, children in the order given: clients read OSS's order, so it is kept. */
export function writeXml(root: string, children: readonly XmlElement[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build([toNode([root, children])])}`;
}

function toNode([name, content]: XmlElement): object {
  if (typeof content === 'object') {
    return { [name]: content.filter((element) => element[1] !== undefined).map(toNode) };
  }
  return { [name]: [{ '#text': String(content) }] };
}

const builder = new XMLBuilder({ preserveOrder: true, suppressEmptyNode: false });

/** A parsed element by the names of its children. Every child is a list, every text a string. */
export interface ParsedElement {
  readonly text: string;
  readonly children: ReadonlyMap<string, readonly ParsedElement[]>;
}

/** Reads a document whose root must be `root`. Throws MalformedXML. */
export function readXml(xml: string, root: string): ParsedElement {
  if (XMLValidator.validate(xml) !== true) throw malformedXml();
  const nodes = parser.parse(xml) as readonly ParsedNode[];
  const found = nodes.find((node) => nameOf(node) === root);
  if (found === undefined) throw malformedXml();
  return toElement(childrenOf(found));
}

/** The text of the one child of that name, or `undefined`. */
export function textOf(element: ParsedElement, name: string): string | undefined {
  return element.children.get(name)?.[0]?.text;
}

export function childrenNamed(element: ParsedElement, name: string): readonly ParsedElement[] {
  return element.children.get(name) ?? [];
}

/** As the parser gives it: one key with the element's name, or `#text`. */
type ParsedNode = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  preserveOrder: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignoreAttributes: true,
});

function nameOf(node: ParsedNode): string {
  return Object.keys(node).find((name) => name !== ':@') ?? '';
}

function childrenOf(node: ParsedNode): readonly ParsedNode[] {
  return node[nameOf(node)] as readonly ParsedNode[];
}

function toElement(nodes: readonly ParsedNode[]): ParsedElement {
  const children = new Map<string, ParsedElement[]>();
  let text = '';
  for (const node of nodes) {
    const name = nameOf(node);
    if (name === '#text') text += String(node['#text']);
    else children.set(name, [...(children.get(name) ?? []), toElement(childrenOf(node))]);
  }
  return { text: children.size > 0 ? '' : text.trim(), children };
}
