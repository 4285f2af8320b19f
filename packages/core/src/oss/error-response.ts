import { type ErrorContext, UploadError } from '../errors.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { parseInstant } from './instant.ts';
import { getVerdict } from './verdict.ts';

/** A response of OSS, or of a proxy. */
export interface OssResponse {
  /** The HTTP status. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text of the body. */
  readonly body: string;
}

/**
 * The error of an error response. Uses only Code, EC, RequestId and a harmless Message of the body: the rest
 * may repeat the signed URL. Works without an XML parser, because it is in the bundle of pages.
 */
export function ossError(response: OssResponse, context: ErrorContext): UploadError {
  const { status } = response;
  const headers: Headers = response.headers;
  const xml = response.body === '' ? decodeBase64(headers['x-oss-err'] ?? '') : response.body;
  const ossCode = element(xml, 'Code', NAME);
  const ec = element(xml, 'EC', NAME) ?? matchingText(headers['x-oss-ec'], NAME);
  const requestId = matchingText(headers['x-oss-request-id'], NAME) ?? element(xml, 'RequestId', NAME);
  const facts = { status, ossCode, ec, requestId, retryAfterMs: getRetryAfterMs(headers) };
  return new UploadError({
    ...getVerdict({ status, ossCode, ec, namesExpiry: xml.includes('<Expires>') }),
    message: describeError(status, ossCode, element(xml, 'Message', HARMLESS), context.operation),
    context: { ...context, ...withoutUndefined(facts) },
  });
}

/** The error of a response. `undefined` for 200 and 204, unless the body holds an `<Error>`. */
export function responseError(response: OssResponse, context: ErrorContext): UploadError | undefined {
  const isSuccess =
    (response.status === 200 || response.status === 204) && !ERROR_DOCUMENT.test(response.body);
  return isSuccess ? undefined : ossError(response, context);
}

/** JSON is the reply of an application server, also when it quotes such a document. */
const ERROR_DOCUMENT = /^[^<{["]*(?:<\?[^>]*>[^<]*)?<(?:[\w-]+:)?Error[\s>]/;

function describeError(
  status: number,
  ossCode: string | undefined,
  message: string | undefined,
  operation = 'a request',
): string {
  if (ossCode === undefined) return `${operation} got status ${status} without an error of OSS`;
  const detail = message === undefined ? '' : `: ${message}`;
  return `OSS responded to ${operation} with ${status} ${ossCode}${detail}`;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** The form of OSS's codes and IDs. Other texts are not from OSS. */
const NAME = /^[\w.-]{1,64}$/;
/** One line that cannot contain a URL, a signature or a token. */
const HARMLESS = /^(?!.*(?::\/\/|x-oss-|signature=|credential|token=|accesskey))[^\p{Cc}]+$/iu;
const MESSAGE_SIZE_MAX = 200;

/** The text of a flat element. `undefined` when it is missing or has an unexpected form. */
function element(xml: string, name: string, allowed: RegExp): string | undefined {
  return matchingText(new RegExp(`<${name}>([^<]{1,4096})<`).exec(xml)?.[1], allowed);
}

function matchingText(text: string | undefined, allowed: RegExp): string | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && allowed.test(trimmed) ? trimmed.slice(0, MESSAGE_SIZE_MAX) : undefined;
}

/** A response to HEAD has no body: OSS puts the XML of its error into a header. */
function decodeBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return '';
  }
}

/** The longest delay that OSS requests. A date is relative to the date of the response. */
function getRetryAfterMs(headers: Headers): number | undefined {
  const value = headers['retry-after'] ?? '';
  const until = parseInstant(/^\d*$/.test(value) ? undefined : value);
  const delays = [
    Number(/^\d{1,6}$/.exec(value)?.[0] ?? 0) * 1000,
    (until ?? 0) - (parseInstant(headers.date) ?? Number.POSITIVE_INFINITY),
    Number(/^\d{1,9}$/.exec(headers['x-oss-qos-delay-time'] ?? '')?.[0] ?? 0),
  ];
  const longest = Math.max(...delays);
  return longest > 0 ? longest : undefined;
}
