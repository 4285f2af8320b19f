import { readFile } from 'node:fs/promises';
import { text as readText } from 'node:stream/consumers';
import {
  explainSignatureMismatch,
  type InspectedRequest,
  inspectSignedRequest,
  type OriginalRequest,
  type RefusalResponse,
  type SignatureExplanation,
} from '@partway/core/oss';
import { createUndiciFetch } from '../transport/undici-fetch.ts';
import { readPairs } from './arguments.ts';
import type { Command, ParsedArgs } from './command.ts';
import { EXIT } from './exit-code.ts';
import { openStandardInput } from './standard-input.ts';

export const explain: Command = {
  description: 'Explain a presigned URL, or why OSS rejected it',
  args: {
    url: {
      type: 'positional',
      description: 'the URL, or - for standard input, which other users cannot see',
    },
    method: {
      type: 'string',
      alias: 'X',
      valueHint: 'PUT',
      description: 'the signed method; required with --response; default: GET',
    },
    header: {
      type: 'string',
      alias: 'H',
      valueHint: 'name: value',
      description: 'a signed header; may be repeated',
    },
    response: {
      type: 'string',
      valueHint: 'file',
      description: 'the response of OSS: the body, or headers and body as curl -i prints them',
    },
    send: {
      type: 'boolean',
      description: 'send the request, if it is a GET or HEAD, and check the response',
    },
    json: { type: 'boolean', description: 'JSON on stdout' },
  },
  async run(parsed) {
    const request = await readRequest(parsed);
    const inspected = inspectSignedRequest(request);
    const response = await getResponse(parsed, request);
    const explanations = response === undefined ? inspected.problems : explainResponse(response, request);
    if (parsed.flag('json')) console.log(JSON.stringify({ ...getFacts(inspected), explanations }));
    else console.log([...formatFacts(inspected), ...explanations.map(formatExplanation)].join('\n'));
    if (explanations.length > 0) return EXIT.failed;
    console.error(
      response === undefined
        ? 'partway: no problem found without OSS; check with --response or --send'
        : 'partway: OSS accepts the signature',
    );
    return EXIT.done;
  },
};

async function readRequest(parsed: ParsedArgs): Promise<OriginalRequest> {
  const text = parsed.text('url') ?? '';
  const url = (text === '-' ? await readText(openStandardInput()) : text).trim();
  if (!/^https?:\/\//.test(url)) throw new TypeError('URL must start with http:// or https://');
  const method = (parsed.text('method') ?? 'GET').toUpperCase();
  if (!/^[A-Z]+$/.test(method)) throw new TypeError('--method must be an HTTP method, such as PUT');
  return { method, url, headers: readPairs(parsed, 'header', ':') };
}

/** `null` if no response arrived, `undefined` without --response and --send. */
async function getResponse(
  parsed: ParsedArgs,
  request: OriginalRequest,
): Promise<RefusalResponse | null | undefined> {
  const file = parsed.text('response');
  if (file !== undefined && parsed.flag('send')) {
    throw new TypeError('--response and --send are mutually exclusive');
  }
  if (file !== undefined) {
    if (parsed.text('method') === undefined) throw new TypeError('--method is required with --response');
    return parseResponse(await readFile(file, 'utf8').catch(throwUnreadable));
  }
  return parsed.flag('send') ? sendRequest(request) : undefined;
}

function throwUnreadable(reason: unknown): never {
  const code = reason instanceof Error && 'code' in reason ? ` (${reason.code})` : '';
  throw new TypeError(`--response must be a readable file${code}`);
}

function parseResponse(text: string): RefusalResponse {
  const [, status] = /^HTTP\/[\d.]+ (\d{3})/.exec(text) ?? [];
  const [, error] = /^x-oss-err: *(\S+)/im.exec(text) ?? [];
  return {
    status: status === undefined ? undefined : Number(status),
    body: error === undefined ? text : '',
    headers: error === undefined ? {} : { 'x-oss-err': error },
  };
}

/** Only sends methods that change nothing in OSS. */
async function sendRequest({ method, url, headers = {} }: OriginalRequest): Promise<RefusalResponse | null> {
  if (method !== 'GET' && method !== 'HEAD') {
    throw new TypeError(`--send supports GET and HEAD only: a successful ${method} would change the bucket`);
  }
  const hasRange = Object.keys(headers).some((name) => name.toLowerCase() === 'range');
  // Range is not signed, so it may be added: one byte of a large object is enough.
  const sentHeaders = { ...headers, ...(!hasRange && method === 'GET' && { range: 'bytes=0-0' }) };
  const response = await createUndiciFetch()(url, { method, headers: sentHeaders }).catch(() => null);
  if (response === null) return null;
  const { status } = response;
  return { status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

function explainResponse(
  response: RefusalResponse | null,
  request: OriginalRequest,
): readonly SignatureExplanation[] {
  if (response?.status !== undefined && response.status >= 200 && response.status < 300) return [];
  return [explainSignatureMismatch(response ?? undefined, request)];
}

function getFacts({ accessKeyId, region, signedAt, expiresAt, additionalHeaders }: InspectedRequest): object {
  return { accessKeyId, region, signedAt, expiresAt, additionalHeaders };
}

function formatFacts(inspected: InspectedRequest): readonly string[] {
  const { accessKeyId = '?', region = '?', signedAt, expiresAt, additionalHeaders } = inspected;
  return [
    ...(signedAt === undefined ? [] : [`signed   ${formatTime(signedAt)} by ${accessKeyId} for ${region}`]),
    ...(expiresAt === undefined ? [] : [`expires  ${formatTime(expiresAt)}`]),
    ...(additionalHeaders.length === 0 ? [] : [`headers  ${additionalHeaders.join(', ')} must be sent`]),
  ];
}

function formatTime(at: number): string {
  return new Date(at).toISOString();
}

function formatExplanation({ cause, detail, remedy }: SignatureExplanation): string {
  return `${cause.padEnd(14)} ${detail}\n${' '.repeat(15)}${remedy}`;
}
