import type { Socket } from 'node:net';
import type { Bottleneck } from './bottleneck.ts';
import { createCongestionWindow, SEGMENT_SIZE } from './congestion.ts';
import { createDelayLine } from './delay-line.ts';
import type { LinkModel } from './start-link.ts';

/** The proxy reads no further ahead, so that the client sees its real progress. */
const READ_AHEAD_MAX = 64 * 1024;
/** The largest burst. It saves timers. */
const BURST_MAX = 16 * 1024;

/** Forwards bytes from the client to the sink in order, with at most one window of bytes in flight. */
export function forwardUpstream(
  client: Socket,
  sink: Socket,
  model: LinkModel,
  bottleneck: Bottleneck,
): void {
  const { roundTripMs, lossPerSegment } = model;
  const window = createCongestionWindow(model);
  // A connection is established after one round trip.
  const connectedAt = performance.now() + roundTripMs;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let bytesInFlight = 0;

  const acknowledgements = createDelayLine<number>((bytes) => {
    bytesInFlight -= bytes;
    window.onAcknowledged(bytes);
    sendAllowed();
  });
  const arrivals = createDelayLine<Buffer>((bytes) => {
    sink.write(bytes);
    acknowledgements.add(bytes.length, performance.now() + roundTripMs / 2);
  });

  function sendAllowed(): void {
    if (performance.now() < connectedAt) return;
    for (let next = takeNext(); next !== undefined; next = takeNext()) {
      const now = performance.now();
      bytesInFlight += next.length;
      const { leftAt, isDropped } = bottleneck.send(next.length, now);
      const isLost = isDropped || Math.random() > (1 - lossPerSegment) ** (next.length / SEGMENT_SIZE);
      arrivals.add(next, leftAt + roundTripMs / 2 + (isLost ? window.onLoss(now, leftAt - now) : 0));
    }
    if (waitingBytes < READ_AHEAD_MAX) client.resume();
  }

  /** Takes one segment at least, or all waiting bytes if they are fewer. */
  function takeNext(): Buffer | undefined {
    const [first] = waiting;
    if (first === undefined) return undefined;
    const allowed = Math.min(window.size - bytesInFlight, BURST_MAX);
    if (allowed < Math.min(SEGMENT_SIZE, first.length)) return undefined;
    const chunk = first.subarray(0, Math.floor(allowed));
    const rest = first.subarray(chunk.length);
    waiting = rest.length > 0 ? [rest, ...waiting.slice(1)] : waiting.slice(1);
    waitingBytes -= chunk.length;
    return chunk;
  }

  setTimeout(sendAllowed, roundTripMs + 1);
  client.on('data', (bytes: Buffer) => {
    waiting.push(bytes);
    waitingBytes += bytes.length;
    if (waitingBytes >= READ_AHEAD_MAX) client.pause();
    sendAllowed();
  });
}
