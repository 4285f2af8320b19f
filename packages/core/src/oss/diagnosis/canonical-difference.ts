import { bucketOfHost, type SignedUrl } from '../signing/signed-url.ts';
import { changedUrl, plusSign, type SignatureExplanation, shownName } from './signature-explanation.ts';

/** What was signed, taken apart. */
export interface Meant {
  readonly method: string;
  readonly url: SignedUrl;
  /** Those that are signed, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A canonical request, taken apart. */
export interface Canonical {
  readonly method: string;
  /** Decoded, with the bucket. */
  readonly uri: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * The first difference between the request that OSS saw and the one that was signed. `undefined` when they
 * are the same. Names headers and parameters, and no value but that of a Content-Type.
 */
export function differenceOf(seen: Canonical, meant: Meant): SignatureExplanation | undefined {
  return (
    methodDifference(seen, meant) ??
    pathDifference(seen, meant) ??
    queryDifference(seen, meant) ??
    headerDifference(seen, meant)
  );
}

/** Of six fields the fourth, the headers, ends in a line end of its own. `undefined` for any other text. */
export function parseCanonical(text: string): Canonical | undefined {
  const lines = text.split('\n');
  const [method = '', uri = '', query = ''] = lines;
  if (lines.length < 6 || lines.at(-3) !== '') return undefined;
  const headers = lines.slice(3, -3).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1)] as const;
  });
  const pairs = query === '' ? [] : query.split('&');
  try {
    return {
      method,
      uri: decodeURIComponent(uri),
      query: pairs.map((pair) => {
        const [name = '', value = ''] = pair.split('=').map(decodeURIComponent);
        return [name, value] as const;
      }),
      headers: new Map(headers),
    };
  } catch {
    return undefined;
  }
}

function methodDifference(seen: Canonical, { method }: Meant): SignatureExplanation | undefined {
  if (seen.method === method) return undefined;
  return {
    cause: 'method',
    detail: `It was signed for ${method}, and sent with ${shownName(seen.method) ?? 'another method'}.`,
    remedy: `Send it with ${method}, or sign it for the method that is sent.`,
  };
}

function pathDifference(seen: Canonical, { url }: Meant): SignatureExplanation | undefined {
  const { path = '' } = url;
  // The bucket is always in what OSS signs, and in the path of a URL only sometimes.
  const [, bucket = '', inBucket = ''] = /^\/([^/]*)(.*)$/s.exec(seen.uri) ?? [];
  const ours = bucketOfHost(url.host);
  const isAlike = [seen.uri, inBucket].includes(path) || (seen.uri === `${path}/` && inBucket === '/');
  if (ours === undefined ? isAlike : seen.uri === `/${ours}${path}`) return undefined;
  if (isAlike) {
    return {
      cause: 'host',
      detail: `The URL is of the bucket ${ours}, and reached ${shownName(bucket) ?? 'another one'}.`,
      remedy: 'Send it to the host it was signed for, and look for a proxy that rewrites the host.',
    };
  }
  if ([seen.uri, inBucket].some((uri) => spaced(uri) === spaced(path))) return plusSign('the path');
  return changedUrl('its path is another one');
}

function queryDifference(seen: Canonical, { url }: Meant): SignatureExplanation | undefined {
  const theirs = new Map(seen.query);
  const ours = new Map(url.query);
  const added = [...theirs.keys()].filter((name) => !ours.has(name));
  if (added.length > 0) return changedUrl(`${parameters(added)} added`);
  const removed = [...ours.keys()].filter((name) => !theirs.has(name));
  if (removed.length > 0) return changedUrl(`${parameters(removed)} removed`);
  const changed = [...ours.keys()].filter((name) => ours.get(name) !== theirs.get(name));
  const [first] = changed;
  if (first === undefined) return undefined;
  if (changed.every((name) => spaced(ours.get(name)) === spaced(theirs.get(name)))) {
    return plusSign(`the parameter ${shownName(first) ?? 'of an odd name'}`);
  }
  return changedUrl(`${parameters(changed)} changed`);
}

function headerDifference(seen: Canonical, { headers }: Meant): SignatureExplanation | undefined {
  const added = [...seen.headers.keys()].filter((name) => !headers.has(name));
  if (added.includes('content-type')) return addedContentType(seen.headers.get('content-type') ?? '');
  if (added.length > 0) {
    return {
      cause: 'added-header',
      detail: `The request carried ${headerNames(added)}, which was not signed and must be.`,
      remedy: 'Do not send it, or name it, with its value, when the URL is signed.',
    };
  }
  const missing = [...headers.keys()].filter((name) => !seen.headers.has(name));
  if (missing.length > 0) {
    return {
      cause: 'missing-header',
      detail: `The request did not carry ${headerNames(missing)}, which was signed.`,
      remedy: 'Send exactly the headers that came with the URL.',
    };
  }
  const changed = [...headers]
    .filter(([name, value]) => seen.headers.get(name) !== value)
    .map(([name]) => name);
  if (changed.length === 0) return undefined;
  return {
    cause: 'changed-header',
    detail: `The request carried ${headerNames(changed)} with another value than was signed.`,
    remedy: 'Send exactly the headers that came with the URL, letter by letter.',
  };
}

function addedContentType(value: string): SignatureExplanation {
  const shown = /^[\w.+/;= -]{1,80}$/.test(value) ? `Content-Type: ${value}` : 'a Content-Type';
  return {
    cause: 'added-header',
    detail: `The sender added ${shown}, which was not signed, as browsers do for a text, a form or a file.`,
    remedy: 'Send bytes without a type (an ArrayBuffer, or `blob.slice(a, b)`), or sign that Content-Type.',
  };
}

/** As a form would read it. */
function spaced(text: string | undefined): string | undefined {
  return text?.replaceAll('+', ' ');
}

function parameters(names: readonly string[]): string {
  const known = names.map((name) => shownName(name) ?? 'one of an odd name').join(', ');
  return names.length === 1 ? `the parameter ${known} was` : `the parameters ${known} were`;
}

function headerNames(names: readonly string[]): string {
  const known = names.map((name) => shownName(name) ?? 'one of an odd name').join(', ');
  return names.length === 1 ? `the header ${known}` : `the headers ${known}`;
}
