import { type FaultEffect, filterEffects } from './fault-rule.ts';

/** The body that the model reads. */
export interface IncomingBody extends AsyncIterable<Uint8Array> {
  /** Whether the reader got the error of a reset connection. */
  wasReset(): boolean;
}

/** Applies the effects on a request's body. Nothing is read before the model reads. */
export function injectBodyFaults(
  body: AsyncIterable<Uint8Array>,
  effects: readonly FaultEffect[],
  sleep: (ms: number) => Promise<void>,
): IncomingBody {
  let isReset = false;
  let incoming = body;
  for (const { bytesPerSecond } of filterEffects(effects, 'bandwidth')) {
    incoming = limitRate(incoming, bytesPerSecond, sleep);
  }
  for (const { offset = 0 } of filterEffects(effects, 'corruptIncoming'))
    incoming = flipBit(incoming, offset);
  for (const { bytes } of filterEffects(effects, 'resetAfterBytes')) {
    incoming = resetAfter(incoming, bytes, () => {
      isReset = true;
    });
  }
  return { [Symbol.asyncIterator]: () => incoming[Symbol.asyncIterator](), wasReset: () => isReset };
}

/** Yields ten pieces a second, at most `bytesPerSecond`. For request bodies and for slow responses. */
export async function* limitRate(
  body: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
  sleep: (ms: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const pieceSize = Math.max(1, Math.floor(bytesPerSecond / 10));
  for await (const chunk of body) {
    for (let offset = 0; offset < chunk.length; offset += pieceSize) {
      const piece = chunk.subarray(offset, offset + pieceSize);
      await sleep((piece.length / bytesPerSecond) * 1000);
      yield piece;
    }
  }
}

/** Copies the chunk, since its memory may belong to the sender. */
async function* flipBit(body: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array> {
  let start = 0;
  for await (const chunk of body) {
    const byte = chunk[offset - start];
    yield byte === undefined
      ? chunk
      : Uint8Array.from(chunk).fill(byte ^ 1, offset - start, offset - start + 1);
    start += chunk.length;
  }
}

async function* resetAfter(
  body: AsyncIterable<Uint8Array>,
  bytes: number,
  onReset: () => void,
): AsyncGenerator<Uint8Array> {
  let remaining = bytes;
  const createResetError = (): Error => {
    onReset();
    return new Error('the connection was reset');
  };
  if (remaining === 0) throw createResetError();
  for await (const chunk of body) {
    yield chunk.subarray(0, remaining);
    remaining -= Math.min(remaining, chunk.length);
    if (remaining === 0) throw createResetError();
  }
}
