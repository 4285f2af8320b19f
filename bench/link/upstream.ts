import type { Socket } from 'node:net';
import type { Bottleneck } from './bottleneck.ts';
import { createCongestionWindow, SEGMENT_SIZE } from './congestion.ts';
import { createDelayLine } from './delay-line.ts';
import type { LinkModel } from './start-link.ts';

/** More than that is left in the client's socket, so that it sees its own progress. */
const READ_AHEAD_MAX = 64 * 1024;
/** Sent in one go where the window allows it: fewer timers. */
const BURST_MAX = 16 * 1024;

/** Carries what the client sends to the sink, in order: no more of it on its way than the window allows. */
export function carryUpstream(client: Socket, sink: Socket, model: LinkModel, bottleneck: Bottleneck): void {
  const { roundTripMs, lossPerSegment } = model;
  const window = createCongestionWindow(model);
  // Nothing can be sent before the connection is made, which takes a round trip.
  const openAt = performance.now() + roundTripMs;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let bytesOnTheWay = 0;

  const acknowledgements = createDelayLine<number>((bytes) => {
    bytesOnTheWay -= bytes;
    window.acknowledged(bytes);
    sendWhatMay();
  });
  const arrivals = createDelayLine<Buffer>((bytes) => {
    sink.write(bytes);
    acknowledgements.add(bytes.length, performance.now() + roundTripMs / 2);
  });

  function sendWhatMay(): void {
    if (performance.now() < openAt) return;
    for (let next = takeNext(); next !== undefined; next = takeNext()) {
      const now = performance.now();
      bytesOnTheWay += next.length;
      const { leftAt, isDropped } = bottleneck.pass(next.length, now);
      const isLost = isDropped || Math.random() > (1 - lossPerSegment) ** (next.length / SEGMENT_SIZE);
      arrivals.add(next, leftAt + roundTripMs / 2 + (isLost ? window.lost(now, leftAt - now) : 0));
    }
    if (waitingBytes < READ_AHEAD_MAX) client.resume();
  }

  /** A segment at least, unless what waits is less. */
  function takeNext(): Buffer | undefined {
    const [first] = waiting;
    if (first === undefined) return undefined;
    const allowed = Math.min(window.size - bytesOnTheWay, BURST_MAX);
    if (allowed < Math.min(SEGMENT_SIZE, first.length)) return undefined;
    const taken = first.subarray(0, Math.floor(allowed));
    const rest = first.subarray(taken.length);
    waiting = rest.length > 0 ? [rest, ...waiting.slice(1)] : waiting.slice(1);
    waitingBytes -= taken.length;
    return taken;
  }

  setTimeout(sendWhatMay, roundTripMs + 1);
  client.on('data', (bytes: Buffer) => {
    waiting.push(bytes);
    waitingBytes += bytes.length;
    if (waitingBytes >= READ_AHEAD_MAX) client.pause();
    sendWhatMay();
  });
}
