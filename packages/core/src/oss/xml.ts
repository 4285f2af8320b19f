import { XMLParser } from 'fast-xml-parser';
import { type ErrorContext, malformedResponseError, type UploadError } from '../errors.ts';
import type { ListedUpload } from '../object-store-port.ts';
import type { ListedPart } from '../ports.ts';
import { PLACEHOLDER, takeFlatElements } from './flat-elements.ts';
import { parseInstant } from './instant.ts';

/**
 * Reads and writes the documents of OSS. Elements are found by their local name, and values stay text unless
 * a reader converts them: an upload ID `007` and a key `1e5` are not numbers, a key may start with spaces. A
 * truncated or different document is an `UploadError` `malformed_response`, transient.
 */

/** `<InitiateMultipartUploadResult>` */
export function readInitiateResult(xml: string, context: ErrorContext): { readonly uploadId: string } {
  return readDocument(xml, 'InitiateMultipartUploadResult', context, (root) => ({
    uploadId: text(root, 'UploadId'),
  }));
}

export interface PartsPage {
  readonly parts: readonly ListedPart[];
  /** `undefined` on the last page. */
  readonly next: { readonly partNumberMarker: string } | undefined;
}

/** `<ListPartsResult>` */
export function readListPartsResult(xml: string, context: ErrorContext): PartsPage {
  return readPage(xml, { rootName: 'ListPartsResult', name: 'Part' }, context, (root, elements) => ({
    parts: elements.map((part) => ({
      partNumber: wholeNumber(part, 'PartNumber'),
      size: wholeNumber(part, 'Size'),
      etag: unquote(text(part, 'ETag')),
      crc64: parseCrc64(optionalText(part, 'HashCrc64ecma')),
      uploadedAt: parseInstant(optionalText(part, 'LastModified')),
    })),
    next: isTruncated(root) ? { partNumberMarker: text(root, 'NextPartNumberMarker') } : undefined,
  }));
}

/** `<CompleteMultipartUploadResult>` */
export function readCompleteResult(xml: string, context: ErrorContext): { readonly etag: string } {
  return readDocument(xml, 'CompleteMultipartUploadResult', context, (root) => ({
    etag: unquote(text(root, 'ETag')),
  }));
}

export interface UploadsPage {
  readonly uploads: readonly ListedUpload[];
  /** `undefined` on the last page. */
  readonly next: { readonly keyMarker: string; readonly uploadIdMarker: string } | undefined;
}

/** `<ListMultipartUploadsResult>` */
export function readListUploadsResult(xml: string, context: ErrorContext): UploadsPage {
  const names = { rootName: 'ListMultipartUploadsResult', name: 'Upload' };
  return readPage(xml, names, context, (root, elements) => {
    const keyOf = optionalText(root, 'EncodingType') === 'url' ? decodeURIComponent : (key: string) => key;
    return {
      uploads: elements.map((upload) => ({
        key: keyOf(text(upload, 'Key')),
        uploadId: text(upload, 'UploadId'),
        initiatedAt: instant(upload, 'Initiated'),
      })),
      next: isTruncated(root)
        ? { keyMarker: keyOf(text(root, 'NextKeyMarker')), uploadIdMarker: text(root, 'NextUploadIdMarker') }
        : undefined,
    };
  });
}

/** `<CompleteMultipartUpload>` */
export function writeComplete(
  parts: readonly { readonly partNumber: number; readonly etag: string }[],
): string {
  const elements = parts.map(
    ({ partNumber, etag }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${escapeXml(unquote(etag))}"</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${elements.join('')}</CompleteMultipartUpload>`;
}

/** ETags come with quotes on the wire and in XML; the ports have them without. */
export function unquote(etag: string): string {
  return etag.replaceAll('"', '').trim();
}

/** A CRC64 in the form of the ports. `undefined` for anything else. */
export function parseCrc64(value: string | undefined): string | undefined {
  return value !== undefined && /^(?:0|[1-9]\d{0,19})$/.test(value) ? value : undefined;
}

/** The error of a 2xx response with unexpected content. */
export function unexpectedResponseError(problem: string, context: ErrorContext): UploadError {
  return malformedResponseError(`the response to ${context.operation ?? 'a request'} ${problem}`, {
    context,
  });
}

/** One element: its children by local name; each is text, an element, or a list of them. */
export type Element = Readonly<Record<string, unknown>>;

const PARSER = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  processEntities: true,
  // Despite its name, it decodes `&#34;`.
  htmlEntities: true,
});

/**
 * Reads a page of up to a thousand elements `name`. The library would block everything else for 40 ms: it
 * reads the document without them, and the whole document only when OSS would not write the elements this
 * way.
 */
function readPage<Result>(
  xml: string,
  { rootName, name }: { readonly rootName: string; readonly name: string },
  context: ErrorContext,
  convert: (root: Element, elements: readonly Element[]) => Result,
): Result {
  const flat = takeFlatElements(xml, name);
  if (flat !== undefined) {
    const page = readDocument(flat.rest, rootName, context, (root) =>
      root[PLACEHOLDER] === '' && !(name in root) ? convert(root, flat.elements) : undefined,
    );
    if (page !== undefined) return page;
  }
  return readDocument(xml, rootName, context, (root) => convert(root, children(root, name)));
}

/** Parses a document and converts its root element. */
export function readDocument<Result>(
  xml: string,
  rootName: string,
  context: ErrorContext,
  convert: (root: Element) => Result,
): Result {
  // OSS never sends a document type, and custom entities are an attack.
  if (xml.includes('<!DOCTYPE')) throw unexpectedResponseError('is not a document of OSS', context);
  try {
    // `true` rejects documents that are not well formed, such as truncated ones.
    return convert(element(asElement(PARSER.parse(xml, true)), rootName));
  } catch (reason) {
    const problem = reason instanceof UnexpectedDocument ? reason.message : 'is truncated or not well formed';
    throw unexpectedResponseError(problem, context);
  }
}

/** Never leaves this file. */
class UnexpectedDocument extends Error {}

function asElement(value: unknown): Element {
  // An object of the parser is a record of its children.
  return typeof value === 'object' && value !== null ? (value as Element) : {};
}

function element(parent: Element, name: string): Element {
  if (!(name in parent)) throw new UnexpectedDocument(`has no ${name}`);
  return asElement(parent[name]);
}

export function children(parent: Element, name: string): readonly Element[] {
  const found = parent[name];
  if (found === undefined) return [];
  return (Array.isArray(found) ? found : [found]).map(asElement);
}

export function optionalText(parent: Element, name: string): string | undefined {
  const found = parent[name];
  return typeof found === 'string' ? found : undefined;
}

function text(parent: Element, name: string): string {
  const found = optionalText(parent, name);
  if (found === undefined || found === '') throw new UnexpectedDocument(`has no ${name}`);
  return found;
}

function wholeNumber(parent: Element, name: string): number {
  const found = text(parent, name).trim();
  if (!/^\d{1,15}$/.test(found)) throw new UnexpectedDocument(`has a ${name} that is not a number`);
  return Number(found);
}

function instant(parent: Element, name: string): number {
  const at = parseInstant(text(parent, name));
  if (at === undefined) throw new UnexpectedDocument(`has an ${name} that is not a date`);
  return at;
}

function isTruncated(root: Element): boolean {
  return text(root, 'IsTruncated').trim() === 'true';
}

export function escapeXml(value: string): string {
  // Usually there is nothing to escape, and there are thousands of ETags.
  if (!/[&<>]/.test(value)) return value;
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
