import { effectsOf, type FaultEffect } from './fault-rule.ts';

export interface IncomingBody extends AsyncIterable<Uint8Array> {
  /** The reader was told that the connection is gone. */
  wasReset(): boolean;
}

/** A request's body as it arrives over a bad line. Nothing is read before somebody asks for it. */
export function misbehavingBody(
  body: AsyncIterable<Uint8Array>,
  effects: readonly FaultEffect[],
  sleep: (ms: number) => Promise<void>,
): IncomingBody {
  let isReset = false;
  let arriving = body;
  for (const { bytesPerSecond } of effectsOf(effects, 'bandwidth')) {
    arriving = paced(arriving, bytesPerSecond, sleep);
  }
  for (const { offset = 0 } of effectsOf(effects, 'corruptIncoming')) arriving = corrupted(arriving, offset);
  for (const { bytes } of effectsOf(effects, 'resetAfterBytes')) {
    arriving = cutAfter(arriving, bytes, () => {
      isReset = true;
    });
  }
  return { [Symbol.asyncIterator]: () => arriving[Symbol.asyncIterator](), wasReset: () => isReset };
}

/** Ten pieces a second. Also how a response drips. */
export async function* paced(
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

/** The chunk is copied: it may be the sender's own memory. */
async function* corrupted(body: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array> {
  let start = 0;
  for await (const chunk of body) {
    const byte = chunk[offset - start];
    yield byte === undefined
      ? chunk
      : Uint8Array.from(chunk).fill(byte ^ 1, offset - start, offset - start + 1);
    start += chunk.length;
  }
}

async function* cutAfter(
  body: AsyncIterable<Uint8Array>,
  bytes: number,
  onReset: () => void,
): AsyncGenerator<Uint8Array> {
  let left = bytes;
  const reset = (): Error => {
    onReset();
    return new Error('the connection was reset');
  };
  if (left === 0) throw reset();
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) throw reset();
  }
}
