import type { Clock, PartRequest, PartResponse, Transport } from '@partway/core/ports';

/** A way to a server, in virtual time. */
export interface LinkOptions {
  /** Of all connections together. */
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** The share of packets that gets lost, whatever is sent. Default: 0. */
  readonly loss?: number;
  /** Hardly a packet can wait: the fuller the link, the more are lost. Default: false. */
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

/** One TCP connection: its window is what may be on its way for one round trip. */
interface Connection {
  window: number;
  isStarting: boolean;
  /** Bytes of the body that wait to be sent, and who waits for them. */
  left: number;
  waitingMax: number;
  sent: () => void;
}

/**
 * Connections as TCP has them (slow start, one packet more a round trip, half at a loss), sharing one link
 * evenly. `chance` gives numbers from 0 to 1.
 */
export function createLink(options: LinkOptions, clock: Clock, chance: () => number): Link {
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
      const wanted = [...busy].map((connection) => demand(connection));
      const total = wanted.reduce((sum, bytes) => sum + bytes, 0);
      const use = total / ((options.bytesPerSecond / 1000) * tickMs);
      for (const [index, connection] of [...busy].entries()) {
        move(connection, (wanted[index] ?? 0) / Math.max(1, use), use);
      }
    }
    isTicking = false;
  }

  /** A window that is not needed does not grow. */
  function isUsed({ window }: Connection, bytes: number): boolean {
    return 2 * bytes >= (window * tickMs) / Math.max(roundTripMs, 1);
  }

  /** The bytes that a connection would send in one tick. */
  function demand({ left, window }: Connection): number {
    const most = ((options.connectionBytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000) * tickMs;
    return Math.min(left, most, (window * tickMs) / Math.max(roundTripMs, 1));
  }

  /** `use`: how many times as much is wanted as the link carries. */
  function move(connection: Connection, bytes: number, use: number): void {
    const lost = isShallow ? loss * (1 + SHALLOW * Math.min(1, use) ** 2) : loss;
    if (chance() > (1 - lost) ** (bytes / PACKET)) {
      connection.window = Math.max(2 * PACKET, connection.window / 2);
      connection.isStarting = false;
    } else if (use < (isShallow ? 1 : QUEUE) && isUsed(connection, bytes * Math.max(1, use))) {
      connection.window += connection.isStarting ? connection.window : PACKET;
    }
    connection.left = Math.max(0, Math.ceil(connection.left - bytes));
    if (connection.left === 0) busy.delete(connection);
    if (connection.left <= connection.waitingMax) connection.sent();
  }

  /** Resolves when no more than `waitingMax` bytes wait to be sent. */
  function sendOver(connection: Connection, bytes: number, waitingMax: number): Promise<void> {
    connection.left += bytes;
    connection.waitingMax = waitingMax;
    if (connection.left > 0) busy.add(connection);
    return new Promise((resolve) => {
      connection.sent = resolve;
      if (connection.left <= waitingMax) resolve();
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

  async function connected(): Promise<Connection> {
    const open = idle.pop();
    if (open !== undefined) return open;
    await sleep(roundTripMs);
    return { window: FIRST_WINDOW, isStarting: true, left: 0, waitingMax: 0, sent: () => undefined };
  }

  return {
    reportsProgress: true,
    mayHideHeaders: false,
    connectionsMax: 256,
    refused: () => refused,
    async put({ body, onProgress, signal }: PartRequest): Promise<PartResponse> {
      const connection = await connected();
      let sentBytes = 0;
      try {
        if (!isAdmitted()) {
          refused += 1;
          await sleep(roundTripMs);
          return { status: 503, headers: { 'x-oss-request-id': 'R' }, body: '' };
        }
        for await (const chunk of body.chunks(signal)) {
          await sendOver(connection, chunk.length, 2 * connection.window);
          sentBytes += chunk.length;
          onProgress(sentBytes);
        }
        await sendOver(connection, 0, 0);
        await sleep(roundTripMs);
        const crc64 = await body.crc64(signal);
        return { status: 200, headers: { 'x-oss-hash-crc64ecma': crc64, 'x-oss-request-id': 'R' }, body: '' };
      } finally {
        idle.push(connection);
      }
    },
  };
}

/** Where packets may wait, windows grow until as many wait as are on their way. */
const QUEUE = 2;

/** Makes the share of a link of 50 ms and 200 Mb/s that so many connections reach what was measured. */
const SHALLOW = 4.4;
