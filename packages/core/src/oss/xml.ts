import { XMLParser } from 'fast-xml-parser';
import { type ErrorContext, UploadError } from '../errors.ts';
import type { ListedUpload } from '../object-store-port.ts';
import type { ListedPart } from '../ports.ts';
import { PLACE, takeFlatElements } from './flat-elements.ts';
import { parseInstant } from './instant.ts';

/**
 * Reads and writes the documents of OSS. Elements count by their local name, and every value stays text until
 * it is asked to be more: an uploadId `007` and a key `1e5` are no numbers, a key may begin with spaces. A
 * document that is cut, or is another one, is an `UploadError` `malformed_response`, transient.
 */

/** `<InitiateMultipartUploadResult>` */
export function readInitiateResult(xml: string, context: ErrorContext): { readonly uploadId: string } {
  return read(xml, 'InitiateMultipartUploadResult', context, (root) => ({
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
      etag: unquoted(text(part, 'ETag')),
      crc64: crc64Of(optionalText(part, 'HashCrc64ecma')),
      uploadedAt: parseInstant(optionalText(part, 'LastModified')),
    })),
    next: isTruncated(root) ? { partNumberMarker: text(root, 'NextPartNumberMarker') } : undefined,
  }));
}

/** `<CompleteMultipartUploadResult>` */
export function readCompleteResult(xml: string, context: ErrorContext): { readonly etag: string } {
  return read(xml, 'CompleteMultipartUploadResult', context, (root) => ({
    etag: unquoted(text(root, 'ETag')),
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
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${escaped(unquoted(etag))}"</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${elements.join('')}</CompleteMultipartUpload>`;
}

/** ETags come with quotes on the wire and in XML; the ports have them without. */
export function unquoted(etag: string): string {
  return etag.replaceAll('"', '').trim();
}

/** A CRC64 as the ports have it. `undefined` for anything else. */
export function crc64Of(given: string | undefined): string | undefined {
  return given !== undefined && /^(?:0|[1-9]\d{0,19})$/.test(given) ? given : undefined;
}

/** The error for an answer of 2xx that is not what was asked for. */
export function malformedAnswer(what: string, context: ErrorContext): UploadError {
  return new UploadError({
    code: 'malformed_response',
    message: `the answer to ${context.operation ?? 'a request'} ${what}`,
    disposition: 'transient',
    context,
  });
}

/** One element: its children by their local names, text or elements, or lists of them. */
export type Element = Readonly<Record<string, unknown>>;

const PARSER = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  processEntities: true,
  // Despite its name, what decodes `&#34;`.
  htmlEntities: true,
});

/**
 * Reads a page of up to a thousand elements `name`. The library would hold up everything else for 40 ms: it
 * is given the rest, and the whole only where the elements, or their place, are none that OSS sends.
 */
function readPage<Result>(
  xml: string,
  { rootName, name }: { readonly rootName: string; readonly name: string },
  context: ErrorContext,
  shape: (root: Element, elements: readonly Element[]) => Result,
): Result {
  const flat = takeFlatElements(xml, name);
  if (flat !== undefined) {
    const page = read(flat.rest, rootName, context, (root) =>
      root[PLACE] === '' && !(name in root) ? shape(root, flat.elements) : undefined,
    );
    if (page !== undefined) return page;
  }
  return read(xml, rootName, context, (root) => shape(root, children(root, name)));
}

/** The root element of a document, in the shape its reader gives it. */
export function read<Result>(
  xml: string,
  rootName: string,
  context: ErrorContext,
  shape: (root: Element) => Result,
): Result {
  // A document type is never sent by OSS, and entities of one's own are an attack.
  if (xml.includes('<!DOCTYPE')) throw malformedAnswer('is no document of OSS', context);
  try {
    // `true` makes it refuse what is not well formed, a cut document above all.
    return shape(element(asElement(PARSER.parse(xml, true)), rootName));
  } catch (reason) {
    const what = reason instanceof UnexpectedDocument ? reason.message : 'is cut or not well formed';
    throw malformedAnswer(what, context);
  }
}

/** Never leaves this file. */
class UnexpectedDocument extends Error {}

function asElement(value: unknown): Element {
  // A parse edge: an object of the parser is a record of its children.
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
  if (!/^\d{1,15}$/.test(found)) throw new UnexpectedDocument(`has a ${name} that is no number`);
  return Number(found);
}

function instant(parent: Element, name: string): number {
  const at = parseInstant(text(parent, name));
  if (at === undefined) throw new UnexpectedDocument(`has an ${name} that is no date`);
  return at;
}

function isTruncated(root: Element): boolean {
  return text(root, 'IsTruncated').trim() === 'true';
}

export function escaped(value: string): string {
  // An ETag has none of them, and there are thousands.
  if (!/[&<>]/.test(value)) return value;
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
