import { createSign, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { privateCallbackError } from '../errors.ts';
import type { CallbackReply, CallbackRequest, SendCallback } from './callback.ts';

/** The path of the public key. It belongs to no bucket, since none can be named `-`. */
export const CALLBACK_KEY_PATH = '/-/callback-key.pem';

export interface CallbackSenderOptions {
  /** The URL where the public key is served. */
  readonly keyUrl: () => string;
  /** Hosts that may be called although their addresses are private. */
  readonly privateHosts: readonly string[];
  /** Calls `callback` after `ms`. Returns a function that cancels it. */
  readonly schedule: (ms: number, callback: () => void) => () => void;
  /** Aborts the callbacks in flight. */
  readonly signal: AbortSignal;
}

export interface CallbackSender {
  /** Rejects with the error of OSS if one of the URLs has a private address. */
  readonly allow: (urls: string) => Promise<void>;
  readonly send: SendCallback;
  /** Responds to a request for the public key. `false`: the request is for something else. */
  serveKey(message: IncomingMessage, reply: ServerResponse): boolean;
}

/** Sends callbacks over HTTP, signed as OSS signs them (OSS.md, section 7), with a key of its own. */
export function createCallbackSender(options: CallbackSenderOptions): CallbackSender {
  const { publicKey, privateKey } = generateKeys();
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const sign: Sign = (text) => createSign('RSA-MD5').update(text).sign(privateKey, 'base64');
  return {
    async allow(urls) {
      for (const url of parseUrls(urls)) await resolveAddress(url, options.privateHosts);
    },
    async send(request) {
      let reply: CallbackReply | undefined;
      // In order, until one succeeds.
      for (const url of parseUrls(request.url)) {
        reply = await post(url, request, sign, options).catch(() => undefined);
        if (reply?.status === 200) return reply;
      }
      if (reply === undefined) throw new Error('no application server responded');
      return reply;
    },
    serveKey(message, reply) {
      if (message.method !== 'GET' || message.url !== CALLBACK_KEY_PATH) return false;
      reply.writeHead(200, { 'Content-Type': 'application/x-pem-file', 'Content-Length': pem.length });
      reply.end(pem);
      return true;
    },
  };
}

/** Returns Base64 of RSA PKCS#1 v1.5 with MD5. */
type Sign = (text: Uint8Array) => string;

/** As short as OSS's key, or 1024 bits if OpenSSL generates none that short. */
function generateKeys(): KeyPairKeyObjectResult {
  try {
    return generateKeyPairSync('rsa', { modulusLength: 512 });
  } catch {
    return generateKeyPairSync('rsa', { modulusLength: 1024 });
  }
}

const URLS_MAX = 5;
const REPLY_MS_MAX = 5000;
const REPLY_SIZE_MAX = 1024 * 1024;

/** A URL may have no scheme. */
function parseUrls(text: string): readonly URL[] {
  const urls = text.split(';').filter((url) => url !== '');
  return urls.slice(0, URLS_MAX).flatMap((url) => {
    const absolute = /^https?:\/\//i.test(url) ? url : `http://${url}`;
    return URL.canParse(absolute) ? [new URL(absolute)] : [];
  });
}

/** `undefined` if the host name has no address. */
async function resolveAddress(
  { hostname, href }: URL,
  privateHosts: readonly string[],
): Promise<string | undefined> {
  const host = removeBrackets(hostname);
  const found = await lookup(host).catch(() => undefined);
  if (found === undefined || privateHosts.includes(host)) return found?.address;
  if (PRIVATE.check(found.address, found.family === 6 ? 'ipv6' : 'ipv4')) throw privateCallbackError(href);
  return found.address;
}

/** URLs have IPv6 addresses in brackets. */
function removeBrackets(hostname: string): string {
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
  callback: CallbackRequest,
  sign: Sign,
  options: CallbackSenderOptions,
): Promise<CallbackReply> {
  const address = await resolveAddress(url, options.privateHosts);
  if (address === undefined) throw new Error(`the host ${url.hostname} has no address`);
  const body = Buffer.from(callback.body);
  const createRequest = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = createRequest({
    method: 'POST',
    host: address,
    port: url.port,
    path: url.pathname + url.search,
    agent: false,
    // A signal for each request: Node warns of a signal with more than ten listeners.
    signal: AbortSignal.any([options.signal]),
    ...(isIP(removeBrackets(url.hostname)) === 0 ? { servername: url.hostname } : {}),
    headers: {
      host: callback.host ?? url.host,
      'content-type': callback.bodyType,
      'content-length': body.length,
      'user-agent': 'aliyun-oss-callback',
      'x-oss-tag': 'CALLBACK',
      'x-oss-pub-key-url': Buffer.from(options.keyUrl()).toString('base64'),
      authorization: sign(createSignedText(url, body)),
    },
  });
  const cancelTimeout = options.schedule(REPLY_MS_MAX, () =>
    request.destroy(new Error(`no reply within ${REPLY_MS_MAX} ms`)),
  );
  try {
    request.end(body);
    return await receiveReply(request);
  } finally {
    cancelTimeout();
  }
}

/** The path decoded, the query and the body as they are sent. */
function createSignedText({ pathname, search }: URL, body: Uint8Array): Uint8Array {
  const path = pathname.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.concat([Buffer.from(path, 'latin1'), Buffer.from(`${search}\n`), body]);
}

function receiveReply(request: ClientRequest): Promise<CallbackReply> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (message) => readReply(message).then(resolve, reject));
  });
}

/** Rejects for a reply without a length, or longer than OSS accepts. */
async function readReply(message: IncomingMessage): Promise<CallbackReply> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > REPLY_SIZE_MAX) throw new Error(`the reply is longer than ${REPLY_SIZE_MAX} bytes`);
  }
  const { statusCode: status = 0, headers } = message;
  if (status === 200 && headers['content-length'] === undefined) {
    throw new Error('the reply has no Content-Length');
  }
  return { status, body: Buffer.concat(chunks).toString('utf8') };
}
