import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { malformedXmlError } from '../errors.ts';

/** The content of an element: text, or children in order. `undefined` omits the element. */
export type XmlContent = string | number | boolean | undefined | readonly XmlElement[];
export type XmlElement = readonly [name: string, content: XmlContent];

/** Writes a document with its children in the given order, because clients may depend on OSS's order. */
export function writeXml(root: string, children: readonly XmlElement[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeElement([root, children])}`;
}

function writeElement([name, content]: XmlElement): string {
  if (content === undefined) return '';
  const inner =
    typeof content === 'object' ? content.map(writeElement).join('') : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

/**
 * Writes control characters as references: a parser would read a bare carriage return as a line feed. Most of
 * them are not allowed in XML 1.0 at all, for which OSS has `encoding-type=url`. Tabs and line feeds are not
 * escaped, as in the CanonicalRequest of a refused signature.
 */
function escapeText(text: string): string {
  return text.replace(
    ESCAPED,
    (char) => ENTITIES[char] ?? `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`,
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are written as references.
const ESCAPED = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** A parsed element, its children by name. Every child is a list, every text a string. */
export interface ParsedElement {
  readonly text: string;
  readonly children: ReadonlyMap<string, readonly ParsedElement[]>;
}

/** Parses a document with the root element `root`. Throws MalformedXML with the given EC. */
export function parseXml(xml: string, root: string, ec?: string): ParsedElement {
  const [found, second] = parseNodes(xml, ec).filter((node) => getNodeName(node) !== '#text');
  if (found === undefined || second !== undefined || getNodeName(found) !== root) throw malformedXmlError(ec);
  return toElement(getChildNodes(found));
}

function parseNodes(xml: string, ec: string | undefined): readonly ParsedNode[] {
  if (XMLValidator.validate(xml) !== true) throw malformedXmlError(ec);
  try {
    return parser.parse(xml) as readonly ParsedNode[];
  } catch {
    // The document exceeds the parser's limits on entities or nesting.
    throw malformedXmlError(ec);
  }
}

/** The trimmed text of the first child with the name; `undefined` if there is none. */
export function getChildText(element: ParsedElement, name: string): string | undefined {
  return getExactChildText(element, name)?.trim();
}

/** The same without trimming, because keys may start and end with white space. */
export function getExactChildText(element: ParsedElement, name: string): string | undefined {
  return element.children.get(name)?.[0]?.text;
}

export function getChildren(element: ParsedElement, name: string): readonly ParsedElement[] {
  return element.children.get(name) ?? [];
}

/** A node as the parser returns it: one property with the element's name, or `#text`. */
type ParsedNode = Readonly<Record<string, unknown>>;

/** Never reached, since bodies are at most 4 MiB. */
const EXPANSIONS_MAX = 4 * 1024 ** 2;

const parser = new XMLParser({
  preserveOrder: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  ignoreAttributes: true,
  // Numeric references too: the Go SDK writes the quotes of an ETag as `&#34;`, 20,000 in 10,000 parts.
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: EXPANSIONS_MAX, maxExpandedLength: EXPANSIONS_MAX },
});

function getNodeName(node: ParsedNode): string {
  return Object.keys(node).find((name) => name !== ':@') ?? '';
}

function getChildNodes(node: ParsedNode): readonly ParsedNode[] {
  return node[getNodeName(node)] as readonly ParsedNode[];
}

function toElement(nodes: readonly ParsedNode[]): ParsedElement {
  const children = new Map<string, ParsedElement[]>();
  let text = '';
  for (const node of nodes) {
    const name = getNodeName(node);
    if (name === '#text') text += String(node['#text']);
    else getOrCreateList(children, name).push(toElement(getChildNodes(node)));
  }
  return { text: children.size > 0 ? '' : text, children };
}

function getOrCreateList(children: Map<string, ParsedElement[]>, name: string): ParsedElement[] {
  const list = children.get(name) ?? [];
  children.set(name, list);
  return list;
}
