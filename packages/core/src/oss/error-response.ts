import { type ErrorContext, UploadError } from '../errors.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { parseInstant } from './instant.ts';
import { verdictOf } from './verdict.ts';

/** An answer of OSS, or of whatever stands between. */
export interface OssAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The error that OSS's answer stands for. Of the body only Code, EC, RequestId and a harmless Message are
 * used: the rest may repeat the signed URL. Reads without an XML parser, because this travels in the browser
 * bundle.
 */
export function ossError(answer: OssAnswer, context: ErrorContext): UploadError {
  const { status } = answer;
  const headers: Headers = answer.headers;
  const xml = answer.body === '' ? decodeBase64(headers['x-oss-err'] ?? '') : answer.body;
  const ossCode = element(xml, 'Code', NAME);
  const ec = element(xml, 'EC', NAME) ?? plain(headers['x-oss-ec'], NAME);
  const requestId = plain(headers['x-oss-request-id'], NAME) ?? element(xml, 'RequestId', NAME);
  const said = { status, ossCode, ec, requestId, retryAfterMs: retryAfter(headers) };
  return new UploadError({
    ...verdictOf({ status, ossCode, ec, namesExpiry: xml.includes('<Expires>') }),
    message: messageOf(status, ossCode, element(xml, 'Message', HARMLESS), context.operation),
    context: { ...context, ...withoutUndefined(said) },
  });
}

/**
 * The error of an answer, or `undefined` for one of 200 or 204 that does not hold an `<Error>` nevertheless.
 */
export function errorIn(answer: OssAnswer, context: ErrorContext): UploadError | undefined {
  const isSuccess = (answer.status === 200 || answer.status === 204) && !ERROR_DOCUMENT.test(answer.body);
  return isSuccess ? undefined : ossError(answer, context);
}

/** JSON is the answer of an application server, whatever it quotes. */
const ERROR_DOCUMENT = /^[^<{["]*(?:<\?[^>]*>[^<]*)?<(?:[\w-]+:)?Error[\s>]/;

function messageOf(
  status: number,
  ossCode: string | undefined,
  message: string | undefined,
  operation = 'a request',
): string {
  if (ossCode === undefined) return `${operation} was answered with ${status} and no error of OSS`;
  return `OSS answered ${operation} with ${status} ${ossCode}${message === undefined ? '' : `: ${message}`}`;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** Codes and ids of OSS. Anything else in their place is not from OSS. */
const NAME = /^[\w.-]{1,64}$/;
/** One line without anything that a URL, a signature or a token could hide in. */
const HARMLESS = /^(?!.*(?::\/\/|x-oss-|signature=|credential|token=|accesskey))[^\p{Cc}]+$/iu;
const MESSAGE_SIZE_MAX = 200;

/** The text of a flat element. `undefined` when it is absent or does not look as it should. */
function element(xml: string, name: string, allowed: RegExp): string | undefined {
  return plain(new RegExp(`<${name}>([^<]{1,4096})<`).exec(xml)?.[1], allowed);
}

function plain(text: string | undefined, allowed: RegExp): string | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && allowed.test(trimmed) ? trimmed.slice(0, MESSAGE_SIZE_MAX) : undefined;
}

/** An answer to HEAD has no body: OSS puts the XML of its error into a header. */
function decodeBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return '';
  }
}

/** The longest of the waits OSS asks for, a date being relative to the answer's own. */
function retryAfter(headers: Headers): number | undefined {
  const asked = headers['retry-after'] ?? '';
  const until = parseInstant(/^\d*$/.test(asked) ? undefined : asked);
  const waits = [
    Number(/^\d{1,6}$/.exec(asked)?.[0] ?? 0) * 1000,
    (until ?? 0) - (parseInstant(headers.date) ?? Number.POSITIVE_INFINITY),
    Number(/^\d{1,9}$/.exec(headers['x-oss-qos-delay-time'] ?? '')?.[0] ?? 0),
  ];
  const longest = Math.max(...waits);
  return longest > 0 ? longest : undefined;
}
