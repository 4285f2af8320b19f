import { lookup } from 'node:dns/promises';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { privateCallback } from '../errors.ts';
import type { CallbackReply, CallbackRequest, SendCallback } from './callback.ts';

export interface CallbackSenderOptions {
  /** Where the key that `sign` uses is published. */
  readonly keyUrl: () => string;
  readonly sign: (text: Uint8Array) => string;
  /** Hosts that may be called although their addresses are private. */
  readonly privateHosts: readonly string[];
  readonly after: (ms: number, act: () => void) => () => void;
  /** Ends the calls under way. */
  readonly signal: AbortSignal;
}

export interface CallbackSender {
  /** Rejects with the error of OSS where one of the URLs leads to a private address. */
  readonly allow: (urls: string) => Promise<void>;
  readonly send: SendCallback;
}

/** Makes callbacks over HTTP, signed as OSS signs them (OSS.md, section 7). */
export function createCallbackSender(options: CallbackSenderOptions): CallbackSender {
  return {
    async allow(urls) {
      for (const url of urlsIn(urls)) await addressOf(url, options.privateHosts);
    },
    async send(request) {
      let reply: CallbackReply | undefined;
      // In order, until one succeeds.
      for (const url of urlsIn(request.url)) {
        reply = await post(url, request, options).catch(() => undefined);
        if (reply?.status === 200) return reply;
      }
      if (reply === undefined) throw new Error('no application server answered');
      return reply;
    },
  };
}

const URLS_MAX = 5;
const ANSWER_MS_MAX = 5000;
const ANSWER_SIZE_MAX = 1024 * 1024;

/** The scheme may be left out. */
function urlsIn(text: string): readonly URL[] {
  const urls = text.split(';').filter((url) => url !== '');
  return urls.slice(0, URLS_MAX).flatMap((url) => {
    const whole = /^https?:\/\//i.test(url) ? url : `http://${url}`;
    return URL.canParse(whole) ? [new URL(whole)] : [];
  });
}

/** `undefined` where the name has none. */
async function addressOf(
  { hostname, href }: URL,
  privateHosts: readonly string[],
): Promise<string | undefined> {
  const host = bare(hostname);
  const found = await lookup(host).catch(() => undefined);
  if (found === undefined || privateHosts.includes(host)) return found?.address;
  if (PRIVATE.check(found.address, found.family === 6 ? 'ipv6' : 'ipv4')) throw privateCallback(href);
  return found.address;
}

/** An address of IPv6 without its brackets. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 8],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6');
}

async function post(
  url: URL,
  asked: CallbackRequest,
  options: CallbackSenderOptions,
): Promise<CallbackReply> {
  const address = await addressOf(url, options.privateHosts);
  if (address === undefined) throw new Error('the name has no address');
  const body = Buffer.from(asked.body);
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const sent = start({
    method: 'POST',
    host: address,
    port: url.port,
    path: url.pathname + url.search,
    agent: false,
    // A signal of its own: Node warns of one that a dozen requests listen to.
    signal: AbortSignal.any([options.signal]),
    ...(isIP(bare(url.hostname)) === 0 ? { servername: url.hostname } : {}),
    headers: {
      host: asked.host ?? url.host,
      'content-type': asked.bodyType,
      'content-length': body.length,
      'user-agent': 'aliyun-oss-callback',
      'x-oss-tag': 'CALLBACK',
      'x-oss-pub-key-url': Buffer.from(options.keyUrl()).toString('base64'),
      authorization: options.sign(signedText(url, body)),
    },
  });
  const stopWaiting = options.after(ANSWER_MS_MAX, () => sent.destroy(new Error('no answer came in time')));
  try {
    sent.end(body);
    return await answerTo(sent);
  } finally {
    stopWaiting();
  }
}

/** The path decoded, the query and the body as they travel. */
function signedText({ pathname, search }: URL, body: Uint8Array): Uint8Array {
  const path = pathname.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.concat([Buffer.from(path, 'latin1'), Buffer.from(`${search}\n`), body]);
}

function answerTo(sent: ClientRequest): Promise<CallbackReply> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (message) => read(message).then(resolve, reject));
  });
}

/** An answer without a length, or one that is longer than OSS takes, is none. */
async function read(message: IncomingMessage): Promise<CallbackReply> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > ANSWER_SIZE_MAX) throw new Error('the answer is too long');
  }
  const { statusCode: status = 0, headers } = message;
  if (status === 200 && headers['content-length'] === undefined) throw new Error('the answer has no length');
  return { status, body: Buffer.concat(chunks).toString('utf8') };
}
