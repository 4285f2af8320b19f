import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { malformedXml } from '../errors.ts';

/** An element: text, or children in order. `undefined` leaves the element out. */
export type XmlContent = string | number | boolean | undefined | readonly XmlElement[];
export type XmlElement = readonly [name: string, content: XmlContent];

/** Writes a document, children in the order given: clients read OSS's order, so it is kept. */
export function writeXml(root: string, children: readonly XmlElement[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeElement([root, children])}`;
}

function writeElement([name, content]: XmlElement): string {
  if (content === undefined) return '';
  const inside = typeof content === 'object' ? content.map(writeElement).join('') : escaped(String(content));
  return `<${name}>${inside}</${name}>`;
}

/**
 * Control characters are written as references: a parser would read a bare carriage return as a line feed.
 * XML 1.0 has no way to say most of them at all, which is what `encoding-type=url` is for. Tabs and line
 * feeds stand as they are, as in the CanonicalRequest of a refused signature.
 */
function escaped(text: string): string {
  return text.replace(
    ESCAPED,
    (char) => ENTITIES[char] ?? `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`,
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be written as references.
const ESCAPED = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** A parsed element by the names of its children. Every child is a list, every text a string. */
export interface ParsedElement {
  readonly text: string;
  readonly children: ReadonlyMap<string, readonly ParsedElement[]>;
}

/** Reads a document whose root must be `root`. Throws MalformedXML, with that EC. */
export function readXml(xml: string, root: string, ec?: string): ParsedElement {
  const [found, second] = parsed(xml, ec).filter((node) => nameOf(node) !== '#text');
  if (found === undefined || second !== undefined || nameOf(found) !== root) throw malformedXml(ec);
  return toElement(childrenOf(found));
}

function parsed(xml: string, ec: string | undefined): readonly ParsedNode[] {
  if (XMLValidator.validate(xml) !== true) throw malformedXml(ec);
  try {
    return parser.parse(xml) as readonly ParsedNode[];
  } catch {
    // The parser refuses what its limits on entities and nesting forbid.
    throw malformedXml(ec);
  }
}

/** The text of the one child of that name without the white space around it, or `undefined`. */
export function textOf(element: ParsedElement, name: string): string | undefined {
  return exactTextOf(element, name)?.trim();
}

/** The same to the letter: keys may begin and end with white space. */
export function exactTextOf(element: ParsedElement, name: string): string | undefined {
  return element.children.get(name)?.[0]?.text;
}

export function childrenNamed(element: ParsedElement, name: string): readonly ParsedElement[] {
  return element.children.get(name) ?? [];
}

/** As the parser gives it: one key with the element's name, or `#text`. */
type ParsedNode = Readonly<Record<string, unknown>>;

/** Bodies are at most 4 MiB, so this many entities cannot be in one. */
const EXPANSIONS_MAX = 4 * 1024 ** 2;

const parser = new XMLParser({
  preserveOrder: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  ignoreAttributes: true,
  // Numeric references too: the Go SDK writes the quotes of an ETag as `&#34;`, 20,000 of them for 10,000
  // parts.
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: EXPANSIONS_MAX, maxExpandedLength: EXPANSIONS_MAX },
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
    else listOf(children, name).push(toElement(childrenOf(node)));
  }
  return { text: children.size > 0 ? '' : text, children };
}

function listOf(children: Map<string, ParsedElement[]>, name: string): ParsedElement[] {
  const list = children.get(name) ?? [];
  children.set(name, list);
  return list;
}
