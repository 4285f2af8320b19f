import type { OssAnswer } from '../error-response.ts';
import { parseInstant } from '../instant.ts';
import { isAlwaysSigned } from '../signing/signature-v4.ts';
import { readSignedUrl } from '../signing/signed-url.ts';
import { differenceOf, type Meant, parseCanonical } from './canonical-difference.ts';
import { type InspectOptions, inspectSignedRequest } from './inspect-signed-request.ts';
import type { MeantRequest, SignatureCause, SignatureExplanation } from './signature-explanation.ts';
import { explainRefusal } from './signature-refusals.ts';

/** What OSS answered. */
export interface RefusingAnswer {
  /** `undefined` when only the body is known; 0 stands for no answer. */
  readonly status: number | undefined;
  readonly body: string;
  /** Names in lower case. Only `x-oss-err` counts, which holds the error of a HEAD. */
  readonly headers?: OssAnswer['headers'] | undefined;
}

/**
 * Says why OSS refused a presigned request, from its answer and the request as it was signed: OSS shows the
 * canonical request that it computed, and where that differs lies the cause. `undefined` for an answer stands
 * for none, which is all that a page sees of a preflight that was refused.
 */
export function explainSignatureMismatch(
  answer: RefusingAnswer | undefined,
  request: MeantRequest,
  options: InspectOptions = {},
): SignatureExplanation {
  if (answer === undefined || answer.status === 0) return NO_ANSWER;
  // OSS has looked at the time, and at the headers that came: only what is wrong in the URL itself counts.
  const problem = inspectSignedRequest(request, options).problems.find(({ cause }) => IN_URL.has(cause));
  const xml = answer.body === '' ? decodedBase64(answer.headers?.['x-oss-err']) : answer.body;
  const code = element(xml, 'Code') ?? '';
  if (code === 'SignatureDoesNotMatch') {
    const seen = parseCanonical(element(xml, 'CanonicalRequest') ?? '');
    if (seen === undefined) return problem ?? NOTHING_TO_COMPARE;
    return differenceOf(seen, meantBy(request)) ?? problem ?? SECRET;
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
  return code === 'InvalidArgument' && problem !== undefined ? problem : otherAnswer(answer.status, code);
}

const IN_URL: ReadonlySet<SignatureCause> = new Set(['changed-url', 'plus-sign', 'security-token', 'region']);

function meantBy({ method, url: text, headers = {} }: MeantRequest): Meant {
  const url = readSignedUrl(text);
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()] as const);
  const [, named = ''] = /AdditionalHeaders=([^,]*)/.exec(new Map(given).get('authorization') ?? '') ?? [];
  const additional = new Set([...url.additionalHeaders, ...named.trim().split(';')]);
  const signed = given.filter(
    ([name, value]) => value !== '' && (isAlwaysSigned(name) || additional.has(name)),
  );
  return { method: method.toUpperCase(), url, headers: new Map(signed) };
}

const NO_ANSWER: SignatureExplanation = {
  cause: 'no-answer',
  detail: 'There is no answer: in a page this is all that one sees of a preflight that CORS refused.',
  remedy:
    'Check the CORS rules with `partway doctor --origin …`; outside a page check DNS, proxy and endpoint.',
};

const NOTHING_TO_COMPARE: SignatureExplanation = {
  cause: 'other',
  detail: 'OSS refused the signature, and its answer shows no canonical request to compare.',
  remedy: 'Give the whole answer; else send exactly the URL, the method and the headers that were signed.',
};

const SECRET: SignatureExplanation = {
  cause: 'secret',
  detail:
    'OSS computed the signature of this very request and got another one: it was signed with another secret.',
  remedy:
    'Check that secret and access key id are one pair, without line ends, and that URL, method and headers ' +
    'given here are those that were signed.',
};

function otherAnswer(status: number | undefined, code: string): SignatureExplanation {
  const known = [status ?? '', /^\w{1,64}$/.test(code) ? code : ''].filter((part) => part !== '');
  const said = known.length === 0 ? 'something' : known.join(' ');
  return {
    cause: 'other',
    detail: `OSS answered ${said}, which is not about the signature.`,
    remedy: 'See what OSS says of that code; whatever stands between you and OSS may have answered.',
  };
}

/** The text of an element of plain text. Reads without an XML parser, as all errors are read. */
function element(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  return text?.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, decodedEntity);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodedEntity(whole: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return ENTITIES[name] ?? whole;
  const point = Number.parseInt(decimal ?? hex ?? '', decimal === undefined ? 16 : 10);
  return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
}

function decodedBase64(text = ''): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return '';
  }
}
