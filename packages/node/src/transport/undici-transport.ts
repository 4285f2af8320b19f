import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setImmediate as nextTick } from 'node:timers/promises';
import { ERROR_BODY_MAX } from '@partway/core/internal';
import type { PartBody, PartRequest, PartResponse, Transport } from '@partway/core/ports';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { uploadErrorFromNode } from './node-error.ts';
import { parseTarget, sendRequest } from './undici-request.ts';

/** Options of {@link createUndiciTransport}. */
export interface UndiciTransportOptions {
  /** Connections per origin, from 1, each with one part in flight. Default: 256. */
  readonly connections?: number | undefined;
  /**
   * Your own dispatcher, such as an agent for a proxy: `connections` then limits only the parts in flight.
   * A response may be lost if the endpoint resets the connection right after it. Default: an agent of the
   * transport.
   */
  readonly dispatcher?: Dispatcher | undefined;
}

/** A {@link Transport} that can be closed. */
export interface UndiciTransport extends Transport {
  /** Waits for the parts in flight, then closes the connections. Your own `dispatcher` stays open. */
  close(): Promise<void>;
}

/**
 * Makes a {@link Transport} over an undici agent, which keeps connections alive. A connection must be
 * established within 10 seconds; retries and all other time limits are the engine's. Throws a `RangeError`
 * for an invalid number of connections.
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
  const chunks = sendChunks(pace, body, onProgress, signal);
  try {
    const response = await sendRequest(dispatcher, {
      signal,
      bodySizeMax: ERROR_BODY_MAX,
      method: 'PUT',
      headers: { ...headers, 'content-length': String(body.size) },
      // undici accepts any async iterable; its types allow streams only.
      body: chunks as unknown as Readable,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...parseTarget(url),
    });
    // undici reuses the connection only in the next tick: a part sent earlier would open another.
    await nextTick();
    return { ...response, body: response.body.toString('utf8') };
  } catch (reason) {
    signal.throwIfAborted();
    throw uploadErrorFromNode(reason);
  } finally {
    // After an early response the body is read only in part; ending the generator returns its buffers. Not
    // awaited: a read that hangs must not delay the response of OSS.
    chunks.return().catch(() => undefined);
  }
}

/**
 * Yields the chunks and reports progress. undici requests the next chunk when the system has taken the last
 * one, except for a chunk that fits into the socket's own buffer: that one is copied, because the source will
 * overwrite it.
 */
async function* sendChunks(
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
      // A short chunk is fast on any link.
      if (chunk.length >= LONG_CHUNK) pace.isSlow = false;
    } finally {
      // Also when the chunk was abandoned because it stalled.
      if (performance.now() - startedAt > SLOW_CHUNK_MS) pace.isSlow = true;
    }
  }
}

/** The speed of the link, measured on the last chunk of any part. */
interface Pace {
  /** Also true until it has been measured: on a slow link one whole chunk could count as a stall. */
  isSlow: boolean;
}

const SOCKET_BUFFER_MAX = 64 * 1024;
const LONG_CHUNK = 1024 * 1024;

/**
 * After a chunk that took longer, the next ones are sent in pieces, so that a slow link still shows progress
 * and does not count as a stall. On a fast link pieces cost more than twice the CPU.
 */
const SLOW_CHUNK_MS = 1000;

const connectSocket = buildConnector({ timeout: 10_000 });

const connect: buildConnector.connector = (options, callback) => {
  connectSocket(options, (...[error, socket]) => {
    if (error === null) callback(null, delayWriteErrors(socket));
    else callback(error, null);
  });
};

/**
 * Delays the error of a write until the data that has arrived is read. A server that rejects a part early
 * closes the connection while the body is being sent: the write fails although an unread response is there.
 */
function delayWriteErrors<T extends Socket>(socket: T): T {
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, afterReading(callback));
  if (writev !== undefined) {
    socket._writev = (chunks, callback) => writev.call(socket, chunks, afterReading(callback));
  }
  return socket;
}

type WriteCallback = (error?: Error | null) => void;

function afterReading(callback: WriteCallback): WriteCallback {
  return (error) => {
    // Two ticks: the event loop polls the socket in between, wherever in the first tick the write failed.
    if (error) setImmediate(() => setImmediate(callback, error));
    else callback();
  };
}
