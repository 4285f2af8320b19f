import { writeXml, type XmlElement } from './xml.ts';

/** The response of an operation, without the headers that every response has. */
export interface OperationResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
}

export function emptyResponse(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): OperationResponse {
  return { status, headers, body: '' };
}

export function xmlTextResponse(
  xml: string,
  headers: Readonly<Record<string, string>> = {},
): OperationResponse {
  return { status: 200, headers: { 'Content-Type': 'application/xml', ...headers }, body: xml };
}

export function xmlResponse(
  root: string,
  children: readonly XmlElement[],
  headers: Readonly<Record<string, string>> = {},
): OperationResponse {
  return xmlTextResponse(writeXml(root, children), headers);
}
