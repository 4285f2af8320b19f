import type { Socket } from 'node:net';

/**
 * Delays the failure of a write until what had arrived before it was read. A server that refuses a part early
 * closes the connection, which resets it under the body: a write fails while the response is still unread.
 */
export function readBeforeFailing<T extends Socket>(socket: T): T {
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
    // The second turn comes after the loop has polled once more, wherever in the first one the write failed.
    if (error) setImmediate(() => setImmediate(callback, error));
    else callback();
  };
}
