import { writeXml, type XmlElement } from './xml.ts';

/** What an operation answers, before the headers every response has. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
}

export function emptyAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: '' };
}

export function xmlTextAnswer(xml: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/xml', ...headers }, body: xml };
}

export function xmlAnswer(
  root: string,
  children: readonly XmlElement[],
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return xmlTextAnswer(writeXml(root, children), headers);
}
