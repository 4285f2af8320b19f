import type { OssResponse } from '../error-response.ts';
import { parseInstant } from '../instant.ts';
import { isAlwaysSigned } from '../signing/signature-v4.ts';
import { readSignedUrl } from '../signing/signed-url.ts';
import { explainDifference, type ParsedRequest, parseCanonicalRequest } from './canonical-difference.ts';
import { type InspectOptions, inspectSignedRequest } from './inspect-signed-request.ts';
import type { OriginalRequest, SignatureCause, SignatureExplanation } from './signature-explanation.ts';
import { explainRefusal } from './signature-refusals.ts';

/** The response with which OSS refused a request. */
export interface RefusalResponse {
  /** The HTTP status. `undefined` when only the body is known; 0 for no response. */
  readonly status: number | undefined;
  /** The text of the body. */
  readonly body: string;
  /** Names in lower case. Only `x-oss-err` is used, which holds the error of a HEAD. Default: none. */
  readonly headers?: OssResponse['headers'] | undefined;
}

/**
 * Explains why OSS refused a presigned request, from its response and the request as it was signed: the
 * response contains the canonical request of OSS, and the difference is the cause. Pass `undefined` when
 * there is no response: a page sees none when CORS refused the preflight.
 */
export function explainSignatureMismatch(
  response: RefusalResponse | undefined,
  request: OriginalRequest,
  options: InspectOptions = {},
): SignatureExplanation {
  if (response === undefined || response.status === 0) return NO_RESPONSE;
  // OSS has checked the time and the received headers: only defects of the URL itself count.
  const problem = inspectSignedRequest(request, options).problems.find(({ cause }) => IN_URL.has(cause));
  const xml = response.body === '' ? decodeBase64(response.headers?.['x-oss-err']) : response.body;
  const code = element(xml, 'Code') ?? '';
  if (code === 'SignatureDoesNotMatch') {
    const received = parseCanonicalRequest(element(xml, 'CanonicalRequest') ?? '');
    if (received === undefined) return problem ?? NOTHING_TO_COMPARE;
    return explainDifference(received, parseOriginalRequest(request)) ?? problem ?? SECRET;
  }
  const explained = explainRefusal({
    code,
    ec: element(xml, 'EC') ?? '',
    expiresAt: parseInstant(element(xml, 'Expires')),
    serverTime: parseInstant(element(xml, 'ServerTime')),
    requestTime: parseInstant(element(xml, 'RequestTime')),
    endpoint: /^[\w.:-]{1,100}$/.exec(element(xml, 'Endpoint') ?? '')?.[0],
  });
  if (explained !== undefined) return explained;
  return code === 'InvalidArgument' && problem !== undefined
    ? problem
    : explainOtherResponse(response.status, code);
}

const IN_URL: ReadonlySet<SignatureCause> = new Set(['changed-url', 'plus-sign', 'security-token', 'region']);

function parseOriginalRequest({ method, url: text, headers = {} }: OriginalRequest): ParsedRequest {
  const url = readSignedUrl(text);
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()] as const);
  const [, names = ''] = /AdditionalHeaders=([^,]*)/.exec(new Map(entries).get('authorization') ?? '') ?? [];
  const additional = new Set([...url.additionalHeaders, ...names.trim().split(';')]);
  const signed = entries.filter(
    ([name, value]) => value !== '' && (isAlwaysSigned(name) || additional.has(name)),
  );
  return { method: method.toUpperCase(), url, headers: new Map(signed) };
}

const NO_RESPONSE: SignatureExplanation = {
  cause: 'no-response',
  detail: 'There is no response. A page also sees none when CORS refuses the preflight.',
  remedy:
    'Check the CORS rules with `partway doctor --origin …`; outside pages check DNS, proxies and endpoint.',
};

const NOTHING_TO_COMPARE: SignatureExplanation = {
  cause: 'other',
  detail: 'OSS refused the signature, and its response has no canonical request to compare.',
  remedy: 'Pass the whole response, or send exactly the URL, the method and the headers that were signed.',
};

const SECRET: SignatureExplanation = {
  cause: 'secret',
  detail: 'OSS computed another signature for the same request: it was signed with another secret.',
  remedy:
    'Check that the secret belongs to the access key ID and has no line end, and that you passed the URL, ' +
    'method and headers that were signed.',
};

function explainOtherResponse(status: number | undefined, code: string): SignatureExplanation {
  const known = [status ?? '', /^\w{1,64}$/.test(code) ? code : ''].filter((part) => part !== '');
  const summary = known.length === 0 ? 'an unknown error' : known.join(' ');
  return {
    cause: 'other',
    detail: `OSS responded with ${summary}, which is not about the signature.`,
    remedy: 'See the documentation of OSS for this code. A proxy may have sent the response.',
  };
}

/** The text of an element of plain text. Without an XML parser, like the reader of all errors. */
function element(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  return text?.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, decodeEntity);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntity(whole: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return ENTITIES[name] ?? whole;
  const point = Number.parseInt(decimal ?? hex ?? '', decimal === undefined ? 16 : 10);
  return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
}

function decodeBase64(text = ''): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return '';
  }
}
