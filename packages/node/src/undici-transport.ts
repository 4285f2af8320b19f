import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  ERROR_BODY_MAX,
  type PartBody,
  type PartRequest,
  type PartResponse,
  type Transport,
} from '@partway/core';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { uploadErrorFromNode } from './node-error.ts';
import { readBeforeFailing } from './read-before-failing.ts';
import { singleHeaders, targetOf } from './undici-request.ts';

export interface UndiciTransportOptions {
  /** Connections to one origin, each with one part in flight, from 1. Default: 256. */
  readonly connections?: number | undefined;
  /**
   * Sends through this instead of an agent of its own: `connections` and `close` do not concern it, and an
   * answer may be lost where the endpoint resets the connection right behind it.
   */
  readonly dispatcher?: Dispatcher | undefined;
}

export interface UndiciTransport extends Transport {
  /** Waits for the parts in flight, then closes the connections. A dispatcher given stays open. */
  close(): Promise<void>;
}

/**
 * A {@link Transport} over an undici agent. Connections are kept alive and are undici's business; retrying
 * and every time limit are the engine's, but for the 10 seconds a connection may take to be made.
 */
export function createUndiciTransport(options: UndiciTransportOptions = {}): UndiciTransport {
  const { connections = 256 } = options;
  if (!Number.isInteger(connections) || connections < 1) {
    throw new RangeError(`connections must be a whole number from 1, got ${connections}`);
  }
  const agent = options.dispatcher ?? new Agent({ connections, pipelining: 1, connect });
  return {
    tellsProgress: true,
    hidesHeaders: false,
    connectionsMax: connections,
    put: (request) => put(agent, request),
    close: () => (options.dispatcher === undefined ? agent.close() : Promise.resolve()),
  };
}

async function put(
  dispatcher: Dispatcher,
  { url, headers, body, onProgress, signal }: PartRequest,
): Promise<PartResponse> {
  signal.throwIfAborted();
  const sending = send(body, onProgress, signal);
  try {
    const response = await dispatcher.request({
      ...targetOf(url),
      method: 'PUT',
      headers: { ...headers, 'content-length': String(body.size) },
      // undici takes any async iterable; its types name streams alone.
      body: sending as unknown as Readable,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const text = await readText(response.body);
    // undici lends the connection out again one turn after the answer: a part sent before would open another.
    await nextTurn();
    return { status: response.statusCode, headers: singleHeaders(response.headers), body: text };
  } catch (reason) {
    signal.throwIfAborted();
    throw uploadErrorFromNode(reason);
  } finally {
    // An answer that came early leaves the reading where it was; ending it gives its buffers back. Not
    // awaited: a read the disk does not answer must not hold up the answer of OSS.
    sending.return().catch(() => undefined);
  }
}

/**
 * Hands the chunks on, counting. undici asks for the next when the system has taken the last one, except for
 * a chunk that fits into the socket's own buffer: that one is copied, since the source will write over it.
 */
async function* send(
  body: PartBody,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  let sentBytes = 0;
  let isSlow = true;
  for await (const chunk of body.chunks(signal)) {
    const startedAt = performance.now();
    const pieceSize = isSlow ? SOCKET_BUFFER_MAX : chunk.length;
    for (let at = 0; at < chunk.length; at += pieceSize) {
      const piece = chunk.subarray(at, at + pieceSize);
      yield piece.length <= SOCKET_BUFFER_MAX ? Buffer.from(piece) : piece;
      sentBytes += piece.length;
      onProgress(sentBytes);
    }
    isSlow = performance.now() - startedAt > SLOW_CHUNK_MS;
  }
}

const SOCKET_BUFFER_MAX = 64 * 1024;

/**
 * A chunk that took longer is followed by one in pieces: progress must show on a slow link, or patience would
 * look like a stall. On a fast link pieces cost more than twice the CPU.
 */
const SLOW_CHUNK_MS = 1000;

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= ERROR_BODY_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, ERROR_BODY_MAX).toString('utf8');
}

const connectSocket = buildConnector({ timeout: 10_000 });

const connect: buildConnector.connector = (options, callback) => {
  connectSocket(options, (...[error, socket]) => {
    if (error === null) callback(null, readBeforeFailing(socket));
    else callback(error, null);
  });
};
