/**
 * Reads a Blob slice by slice, each of `size` bytes but the last: `stream()` fails on large files in Safari,
 * and ends as if it had not. Rejects with what the browser says of a file it cannot read, or with
 * `signal.reason`.
 */
export async function* readSlices(
  blob: Blob,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  signal.throwIfAborted();
  for (let at = 0; at < blob.size; at += size) {
    const bytes = await blob.slice(at, at + size).arrayBuffer();
    signal.throwIfAborted();
    assertLength(bytes, Math.min(size, blob.size - at));
    yield new Uint8Array(bytes);
    signal.throwIfAborted();
  }
}

/**
 * Gives the memory of a slice that nobody reads any more back at once, where the browser can (those of 2024
 * can). Left to the garbage collector, slices add up to some 70 MiB before it is moved to act.
 */
export function giveBack({ buffer }: { readonly buffer: MovableBuffer }): void {
  buffer.transfer?.(0);
}

interface MovableBuffer extends Pick<ArrayBufferLike, 'byteLength'> {
  /** Leaves the buffer empty, and gives one of this size. */
  transfer?(size: number): unknown;
}

/** Few enough reads, and little memory. */
export const SLICE_SIZE: number = 1024 * 1024;

/** Of a file that became shorter browsers give what there is, as if that were all that was asked for. */
export function assertLength(bytes: ArrayBuffer, length: number): void {
  if (bytes.byteLength !== length)
    throw new DOMException('fewer bytes came than there are', 'NotReadableError');
}
