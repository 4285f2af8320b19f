/**
 * Escapes every byte of UTF-8 but `A-Z a-z 0-9 - . _ ~`, with hex digits in upper case, as V4 signatures
 * require. `encodeURIComponent` does not escape five more characters.
 *
 * @throws URIError for a lone surrogate.
 */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The same for a path: slashes stay. */
export function uriEncodePath(path: string): string {
  return uriEncode(path).replaceAll('%2F', '/');
}
