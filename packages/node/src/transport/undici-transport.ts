import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ERROR_BODY_MAX } from '@partway/core/internal';
import type { PartBody, PartRequest, PartResponse, Transport } from '@partway/core/ports';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { uploadErrorFromNode } from './node-error.ts';
import { readBeforeFailing } from './read-before-failing.ts';
import { exchange, targetOf } from './undici-request.ts';

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
  const pace = { isSlow: true };
  return {
    reportsProgress: true,
    mayHideHeaders: false,
    connectionsMax: connections,
    put: (request) => put(agent, pace, request),
    close: () => (options.dispatcher === undefined ? agent.close() : Promise.resolve()),
  };
}

async function put(
  dispatcher: Dispatcher,
  pace: Pace,
  { url, headers, body, onProgress, signal }: PartRequest,
): Promise<PartResponse> {
  signal.throwIfAborted();
  const sending = send(pace, body, onProgress, signal);
  try {
    const {
      status,
      headers: answered,
      body: answer,
    } = await exchange(dispatcher, {
      signal,
      bodySizeMax: ERROR_BODY_MAX,
      method: 'PUT',
      headers: { ...headers, 'content-length': String(body.size) },
      // undici takes any async iterable; its types name streams alone.
      body: sending as unknown as Readable,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...targetOf(url),
    });
    // undici lends the connection out again one turn after the answer: a part sent before would open another.
    await nextTurn();
    return { status, headers: answered, body: answer.toString('utf8') };
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
  pace: Pace,
  body: PartBody,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  let sentBytes = 0;
  for await (const chunk of body.chunks(signal)) {
    const startedAt = performance.now();
    const pieceSize = pace.isSlow ? SOCKET_BUFFER_MAX : chunk.length;
    try {
      for (let at = 0; at < chunk.length; at += pieceSize) {
        const piece = chunk.subarray(at, at + pieceSize);
        yield piece.length <= SOCKET_BUFFER_MAX ? Buffer.from(piece) : piece;
        sentBytes += piece.length;
        onProgress(sentBytes);
      }
      // A short chunk that was fast tells nothing.
      if (chunk.length >= LONG_CHUNK) pace.isSlow = false;
    } finally {
      // Also when the chunk was given up, since it stalled.
      if (performance.now() - startedAt > SLOW_CHUNK_MS) pace.isSlow = true;
    }
  }
}

/** What is known of the link, from the last chunk of any part. */
interface Pace {
  /** True until it is known: on a slow link a chunk would take longer than patience lasts. */
  isSlow: boolean;
}

const SOCKET_BUFFER_MAX = 64 * 1024;
const LONG_CHUNK = 1024 * 1024;

/**
 * A chunk that took longer is followed by one in pieces: progress must show on a slow link, or patience would
 * look like a stall. On a fast link pieces cost more than twice the CPU.
 */
const SLOW_CHUNK_MS = 1000;

const connectSocket = buildConnector({ timeout: 10_000 });

const connect: buildConnector.connector = (options, callback) => {
  connectSocket(options, (...[error, socket]) => {
    if (error === null) callback(null, readBeforeFailing(socket));
    else callback(error, null);
  });
};
