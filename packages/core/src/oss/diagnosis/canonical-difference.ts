import { bucketOfHost, type SignedUrl } from '../signing/signed-url.ts';
import {
  displayableName,
  explainChangedUrl,
  explainPlusSign,
  type SignatureExplanation,
} from './signature-explanation.ts';

/** The request as it was signed, parsed. */
export interface ParsedRequest {
  readonly method: string;
  readonly url: SignedUrl;
  /** The signed headers, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A canonical request, parsed. */
export interface CanonicalRequest {
  readonly method: string;
  /** Decoded, with the bucket. */
  readonly uri: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * Explains the first difference between the request that OSS received and the signed one. `undefined` when
 * they are equal. Contains names of headers and parameters, and no value but that of a Content-Type.
 */
export function explainDifference(
  received: CanonicalRequest,
  signed: ParsedRequest,
): SignatureExplanation | undefined {
  return (
    explainMethod(received, signed) ??
    explainPath(received, signed) ??
    explainQuery(received, signed) ??
    explainHeaders(received, signed)
  );
}

/** Six fields; the fourth, the headers, ends with an extra line end. `undefined` for any other text. */
export function parseCanonicalRequest(text: string): CanonicalRequest | undefined {
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

function explainMethod(
  received: CanonicalRequest,
  { method }: ParsedRequest,
): SignatureExplanation | undefined {
  if (received.method === method) return undefined;
  const other = displayableName(received.method) ?? 'another method';
  return {
    cause: 'method',
    detail: `The request was signed for ${method} and sent with ${other}.`,
    remedy: `Send it with ${method}, or sign it for the method that you send.`,
  };
}

function explainPath(received: CanonicalRequest, { url }: ParsedRequest): SignatureExplanation | undefined {
  const { path = '' } = url;
  // The canonical path always contains the bucket, the path of a URL only sometimes.
  const [, bucket = '', inBucket = ''] = /^\/([^/]*)(.*)$/s.exec(received.uri) ?? [];
  const ownBucket = bucketOfHost(url.host);
  const isAlike =
    [received.uri, inBucket].includes(path) || (received.uri === `${path}/` && inBucket === '/');
  if (ownBucket === undefined ? isAlike : received.uri === `/${ownBucket}${path}`) return undefined;
  if (isAlike) {
    const other = displayableName(bucket) ?? 'another one';
    return {
      cause: 'host',
      detail: `The URL is for the bucket ${ownBucket} and reached ${other}.`,
      remedy: 'Send it to the host it was signed for, and look for a proxy that changes the host.',
    };
  }
  if ([received.uri, inBucket].some((uri) => plusAsSpace(uri) === plusAsSpace(path)))
    return explainPlusSign('the path');
  return explainChangedUrl('its path differs');
}

function explainQuery(received: CanonicalRequest, { url }: ParsedRequest): SignatureExplanation | undefined {
  const receivedQuery = new Map(received.query);
  const signedQuery = new Map(url.query);
  const added = [...receivedQuery.keys()].filter((name) => !signedQuery.has(name));
  if (added.length > 0) return explainChangedUrl(`${describeParameters(added)} added`);
  const removed = [...signedQuery.keys()].filter((name) => !receivedQuery.has(name));
  if (removed.length > 0) return explainChangedUrl(`${describeParameters(removed)} removed`);
  const changed = [...signedQuery.keys()].filter((name) => signedQuery.get(name) !== receivedQuery.get(name));
  const [first] = changed;
  if (first === undefined) return undefined;
  if (changed.every((name) => plusAsSpace(signedQuery.get(name)) === plusAsSpace(receivedQuery.get(name)))) {
    return explainPlusSign(`the parameter ${displayableName(first) ?? 'with an unusual name'}`);
  }
  return explainChangedUrl(`${describeParameters(changed)} changed`);
}

function explainHeaders(
  received: CanonicalRequest,
  { headers }: ParsedRequest,
): SignatureExplanation | undefined {
  const added = [...received.headers.keys()].filter((name) => !headers.has(name));
  if (added.includes('content-type'))
    return explainAddedContentType(received.headers.get('content-type') ?? '');
  if (added.length > 0) {
    return {
      cause: 'added-header',
      detail: `The request had ${describeHeaders(added)}, which OSS requires to be signed, and was not.`,
      remedy: 'Do not send it, or add it with its value when you sign the URL.',
    };
  }
  const missing = [...headers.keys()].filter((name) => !received.headers.has(name));
  if (missing.length > 0) {
    return {
      cause: 'missing-header',
      detail: `The request did not have ${describeHeaders(missing)}, which was signed.`,
      remedy: 'Send exactly the headers that `presign` returned with the URL.',
    };
  }
  const changed = [...headers]
    .filter(([name, value]) => received.headers.get(name) !== value)
    .map(([name]) => name);
  if (changed.length === 0) return undefined;
  return {
    cause: 'changed-header',
    detail: `The request had ${describeHeaders(changed)} with another value than was signed.`,
    remedy: 'Send exactly the headers that `presign` returned with the URL, without changes.',
  };
}

function explainAddedContentType(value: string): SignatureExplanation {
  const shown = /^[\w.+/;= -]{1,80}$/.test(value) ? `Content-Type: ${value}` : 'a Content-Type';
  return {
    cause: 'added-header',
    detail: `The client added ${shown}, which was not signed, as browsers do for a string, a form or a file.`,
    remedy: 'Send bytes without a type (an ArrayBuffer, or `blob.slice(a, b)`), or sign that Content-Type.',
  };
}

/** The text in the encoding of forms. */
function plusAsSpace(text: string | undefined): string | undefined {
  return text?.replaceAll('+', ' ');
}

function describeParameters(names: readonly string[]): string {
  const known = names.map((name) => displayableName(name) ?? 'one with an unusual name').join(', ');
  return names.length === 1 ? `the parameter ${known} was` : `the parameters ${known} were`;
}

function describeHeaders(names: readonly string[]): string {
  const known = names.map((name) => displayableName(name) ?? 'one with an unusual name').join(', ');
  return names.length === 1 ? `the header ${known}` : `the headers ${known}`;
}
