import { TextDecoder } from 'node:util';
import type { OssRequest } from '../types.ts';

/**
 * Decodes percent-encoded UTF-8. `undefined` for a `%` without two hex digits, for bytes that are not UTF-8,
 * and for characters above U+00FF: Node passes the bytes of a request line as U+0000 to U+00FF.
 */
export function percentDecode(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})|[\u0100-\uffff]/.test(text)) return undefined;
  const latin1 = text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return UTF8.decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Keeps a byte order mark, which is part of a key like any other character. */
const UTF8: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Escapes every byte of the UTF-8 except `A-Z a-z 0-9 - . _ ~` (OSS.md 2.2; stricter than
 * encodeURIComponent).
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Returns a header of the request by its lower-case name. */
export function getHeader(request: Pick<OssRequest, 'headers'>, name: string): string | undefined {
  return request.headers[name];
}

/** Compares ASCII texts byte by byte, whatever the locale. */
export function compareAscii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Formats a time as the XML of OSS has it: in whole seconds, with zeros for the milliseconds. */
export function formatIsoDate(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}
