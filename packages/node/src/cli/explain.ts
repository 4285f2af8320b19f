import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
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
import type { Command, Given } from './command.ts';
import { EXIT } from './exit-code.ts';
import { standardInput } from './standard-input.ts';

export const explain: Command = {
  description: 'Explain a presigned URL, or why OSS refused it',
  args: {
    url: { type: 'positional', description: 'the URL, or - for standard input, which no other user sees' },
    method: {
      type: 'string',
      alias: 'X',
      valueHint: 'PUT',
      description: 'that it was signed for; needed with --response; default: GET',
    },
    header: {
      type: 'string',
      alias: 'H',
      valueHint: 'name: value',
      description: 'that it was signed with; may be repeated',
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
  async run(given) {
    const request = await readRequest(given);
    const inspected = inspectSignedRequest(request);
    const answer = await readResponse(given, request);
    const explanations = answer === undefined ? inspected.problems : verdictOn(answer, request);
    if (given.flag('json')) console.log(JSON.stringify({ ...factsOf(inspected), explanations }));
    else console.log([...factLines(inspected), ...explanations.map(paragraph)].join('\n'));
    if (explanations.length > 0) return EXIT.failed;
    console.error(
      answer === undefined
        ? 'partway: no problem found without OSS; check with --response or --send'
        : 'partway: OSS accepts the signature',
    );
    return EXIT.done;
  },
};

async function readRequest(given: Given): Promise<OriginalRequest> {
  const text = given.text('url') ?? '';
  const url = (text === '-' ? await textOf(standardInput()) : text).trim();
  if (!/^https?:\/\//.test(url)) throw new TypeError('URL must begin with http:// or https://');
  const method = (given.text('method') ?? 'GET').toUpperCase();
  if (!/^[A-Z]+$/.test(method)) throw new TypeError('--method must be a method of HTTP, such as PUT');
  return { method, url, headers: readPairs(given, 'header', ':') };
}

/** `null` for a missing response, `undefined` without --response and --send. */
async function readResponse(
  given: Given,
  request: OriginalRequest,
): Promise<RefusalResponse | null | undefined> {
  const file = given.text('response');
  if (file !== undefined && given.flag('send'))
    throw new TypeError('--response and --send exclude each other');
  if (file !== undefined) {
    if (given.text('method') === undefined) throw new TypeError('--method is needed with --response');
    return parseResponse(await readFile(file, 'utf8').catch(unreadable));
  }
  return given.flag('send') ? send(request) : undefined;
}

function unreadable(reason: unknown): never {
  const code = reason instanceof Error && 'code' in reason ? ` (${reason.code})` : '';
  throw new TypeError(`--response must be a file that can be read${code}`);
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

/** Only what changes nothing in OSS. */
async function send({ method, url, headers = {} }: OriginalRequest): Promise<RefusalResponse | null> {
  if (method !== 'GET' && method !== 'HEAD') {
    throw new TypeError(`--send sends GET and HEAD only: a ${method} that OSS takes would change the bucket`);
  }
  const hasRange = Object.keys(headers).some((name) => name.toLowerCase() === 'range');
  // Not signed, so that it may be added: of a large object one byte is enough.
  const sent = { ...headers, ...(!hasRange && method === 'GET' && { range: 'bytes=0-0' }) };
  const response = await createUndiciFetch()(url, { method, headers: sent }).catch(() => null);
  if (response === null) return null;
  const { status } = response;
  return { status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

function verdictOn(
  answer: RefusalResponse | null,
  request: OriginalRequest,
): readonly SignatureExplanation[] {
  if (answer?.status !== undefined && answer.status >= 200 && answer.status < 300) return [];
  return [explainSignatureMismatch(answer ?? undefined, request)];
}

function factsOf({ accessKeyId, region, signedAt, expiresAt, additionalHeaders }: InspectedRequest): object {
  return { accessKeyId, region, signedAt, expiresAt, additionalHeaders };
}

function factLines(inspected: InspectedRequest): readonly string[] {
  const { accessKeyId = '?', region = '?', signedAt, expiresAt, additionalHeaders } = inspected;
  return [
    ...(signedAt === undefined ? [] : [`signed   ${iso(signedAt)} by ${accessKeyId} for ${region}`]),
    ...(expiresAt === undefined ? [] : [`expires  ${iso(expiresAt)}`]),
    ...(additionalHeaders.length === 0 ? [] : [`headers  ${additionalHeaders.join(', ')} must be sent`]),
  ];
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function paragraph({ cause, detail, remedy }: SignatureExplanation): string {
  return `${cause.padEnd(14)} ${detail}\n${' '.repeat(15)}${remedy}`;
}
