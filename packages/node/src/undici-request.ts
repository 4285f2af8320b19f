import { UploadError } from '@partway/core';

/** The path as it was signed, which `URL` might rewrite. */
export function targetOf(url: string): { origin: string; path: string } {
  if (!URL.canParse(url)) {
    throw new UploadError({
      code: 'malformed_answer',
      message: 'the control plane gave an address that is no URL',
      disposition: 'permanent',
    });
  }
  const pathStart = url.indexOf('/', url.indexOf('://') + 3);
  return { origin: new URL(url).origin, path: pathStart === -1 ? '/' : url.slice(pathStart) };
}

/** Headers that came more than once are joined, as `fetch` does. */
export function singleHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return single;
}
