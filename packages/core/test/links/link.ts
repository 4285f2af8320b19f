import type { Clock, PartRequest, PartResponse, Transport } from '@partway/core/ports';

/** A simulated network link to a server, in virtual time. */
export interface LinkOptions {
  /** The capacity, shared by all connections. */
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** The share of packets that are lost at any load, from 0 to 1. Default: 0. */
  readonly loss?: number;
  /** The queue of the link is short: packet loss grows with the load. Default: false. */
  readonly isShallow?: boolean;
  /** The receive rate of the server per connection. Default: unlimited. */
  readonly connectionBytesPerSecond?: number;
  /** The server responds with 503 above this rate. Default: never. */
  readonly requestsPerSecond?: number;
}

export interface Link extends Transport {
  /** Requests with response 503. */
  readonly refused: () => number;
}

const PACKET = 1460;
const FIRST_WINDOW = 10 * PACKET;
const TICK_MS_MIN = 10;

/** One TCP connection. Its window is the number of bytes that may be in flight per round trip. */
interface Connection {
  window: number;
  isStarting: boolean;
  /** Bytes of the body that are not sent yet. `onDrain` is called when at most `pendingMax` are left. */
  pending: number;
  pendingMax: number;
  onDrain: () => void;
}

/**
 * TCP connections that share one link evenly: slow start, then one packet more per round trip, half the window
 * after a loss. `random` returns numbers from 0 to 1.
 */
export function createLink(options: LinkOptions, clock: Clock, random: () => number): Link {
  const { roundTripMs, loss = 0, isShallow = false, requestsPerSecond } = options;
  const tickMs = Math.max(roundTripMs, TICK_MS_MIN);
  const idle: Connection[] = [];
  const busy = new Set<Connection>();
  const admitted: number[] = [];
  let refused = 0;
  let isTicking = false;

  async function tick(): Promise<void> {
    isTicking = true;
    while (busy.size > 0) {
      await sleep(tickMs);
      const demands = [...busy].map((connection) => computeDemand(connection));
      const total = demands.reduce((sum, bytes) => sum + bytes, 0);
      const load = total / ((options.bytesPerSecond / 1000) * tickMs);
      for (const [index, connection] of [...busy].entries()) {
        transfer(connection, (demands[index] ?? 0) / Math.max(1, load), load);
      }
    }
    isTicking = false;
  }

  /** Whether the connection uses half of its window at least: an unused window does not grow. */
  function isUsed({ window }: Connection, bytes: number): boolean {
    return 2 * bytes >= (window * tickMs) / Math.max(roundTripMs, 1);
  }

  /** The bytes that a connection would send in one tick. */
  function computeDemand({ pending, window }: Connection): number {
    const bytesMax = ((options.connectionBytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000) * tickMs;
    return Math.min(pending, bytesMax, (window * tickMs) / Math.max(roundTripMs, 1));
  }

  /** Sends bytes in one tick. `load` is the demand of all connections divided by the capacity. */
  function transfer(connection: Connection, bytes: number, load: number): void {
    const lossRate = isShallow ? loss * (1 + SHALLOW_LOSS_FACTOR * Math.min(1, load) ** 2) : loss;
    if (random() > (1 - lossRate) ** (bytes / PACKET)) {
      connection.window = Math.max(2 * PACKET, connection.window / 2);
      connection.isStarting = false;
    } else if (load < (isShallow ? 1 : QUEUED_LOAD_MAX) && isUsed(connection, bytes * Math.max(1, load))) {
      connection.window += connection.isStarting ? connection.window : PACKET;
    }
    connection.pending = Math.max(0, Math.ceil(connection.pending - bytes));
    if (connection.pending === 0) busy.delete(connection);
    if (connection.pending <= connection.pendingMax) connection.onDrain();
  }

  /** Resolves when at most `pendingMax` bytes are left to be sent. */
  function send(connection: Connection, bytes: number, pendingMax: number): Promise<void> {
    connection.pending += bytes;
    connection.pendingMax = pendingMax;
    if (connection.pending > 0) busy.add(connection);
    return new Promise((resolve) => {
      connection.onDrain = resolve;
      if (connection.pending <= pendingMax) resolve();
      else if (!isTicking) void tick();
    });
  }

  function isAdmitted(): boolean {
    if (requestsPerSecond === undefined) return true;
    while ((admitted[0] ?? Number.POSITIVE_INFINITY) <= clock.now() - 1000) admitted.shift();
    if (admitted.length >= requestsPerSecond) return false;
    admitted.push(clock.now());
    return true;
  }

  function sleep(ms: number): Promise<void> {
    return clock.sleep(ms, new AbortController().signal);
  }

  async function connect(): Promise<Connection> {
    const reused = idle.pop();
    if (reused !== undefined) return reused;
    await sleep(roundTripMs);
    return { window: FIRST_WINDOW, isStarting: true, pending: 0, pendingMax: 0, onDrain: () => undefined };
  }

  return {
    reportsProgress: true,
    mayHideHeaders: false,
    connectionsMax: 256,
    refused: () => refused,
    async put({ body, onProgress, signal }: PartRequest): Promise<PartResponse> {
      const connection = await connect();
      let sentBytes = 0;
      try {
        if (!isAdmitted()) {
          refused += 1;
          await sleep(roundTripMs);
          return { status: 503, headers: { 'x-oss-request-id': 'R' }, body: '' };
        }
        for await (const chunk of body.chunks(signal)) {
          await send(connection, chunk.length, 2 * connection.window);
          sentBytes += chunk.length;
          onProgress(sentBytes);
        }
        await send(connection, 0, 0);
        await sleep(roundTripMs);
        const crc64 = await body.crc64(signal);
        return { status: 200, headers: { 'x-oss-hash-crc64ecma': crc64, 'x-oss-request-id': 'R' }, body: '' };
      } finally {
        idle.push(connection);
      }
    },
  };
}

/** Windows grow up to this load: the queue holds as many packets as are in flight. */
const QUEUED_LOAD_MAX = 2;

/** Fitted to the throughput that was measured on a link of 50 ms and 200 Mb/s. */
const SHALLOW_LOSS_FACTOR = 4.4;
